"""What must not be answered, kept as bytes that anybody can send again."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.run import Finding


def kept(finding: Finding, folder: Path, seed: int) -> Path:
    """Write request and answer to a folder; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    operation, answer = finding.operation, finding.answer
    file = folder / f"{seed}-{operation.number}.txt"
    said = "nothing" if answer is None else f"{answer.status} {answer.headers}\n{answer.body[:5_000]!r}"
    sent = "\n".join(map(repr, operation.pieces))
    file.write_text(
        f"{operation.kind}: {'; '.join(finding.what)}\n\nsent, piece by piece\n{sent}\n\nanswered\n{said}\n"
    )
    return file
