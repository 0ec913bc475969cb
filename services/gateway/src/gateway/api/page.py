"""What a browser sees at an environment's endpoint: how to call it, and a box to try (C 1.5)."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from gateway.domain.directory import Route

SCRIPT: Final = """
const of = id => document.getElementById(id);
of("run").addEventListener("click", async () => {
  const headers = {"Content-Type": "application/json"};
  if (of("key").value) headers["x-user-authorization"] = of("key").value;
  of("answer").textContent = "…";
  try {
    const body = JSON.stringify({query: of("query").value, variables: JSON.parse(of("variables").value || "{}")});
    const answer = await fetch(location.pathname, {method: "POST", headers, body});
    of("answer").textContent = JSON.stringify(await answer.json(), null, 2);
  } catch (problem) {
    of("answer").textContent = String(problem);
  }
});
"""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
textarea, input {{ width: 100%; box-sizing: border-box; font: 14px/1.4 ui-monospace, monospace; padding: .5rem; }}
pre {{ background: #f4f4f4; padding: 1rem; overflow: auto; min-height: 6rem; }}
button {{ padding: .5rem 1.5rem; margin: 1rem 0; }}
label {{ display: block; margin-top: 1rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>Version {version}. Send <code>POST</code> with JSON to this address; the key goes into the header
<code>x-user-authorization</code>.</p>
<label>Key <input id="key" type="password" autocomplete="off"></label>
<label>Query <textarea id="query" rows="10">{{ __schema {{ queryType {{ fields {{ name }} }} }} }}</textarea></label>
<label>Variables <textarea id="variables" rows="3"></textarea></label>
<button id="run">Run</button>
<pre id="answer"></pre>
<script>{script}</script>
</body>
</html>
"""

_SCRIPT_HASH: Final = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def page(route: Route) -> bytes:
    """The page of an environment. It shows nothing that a caller without a key may not know."""
    return _PAGE.format(title=f"GraphQL, {escape(route.kind)}", version=escape(route.version), script=SCRIPT).encode()
