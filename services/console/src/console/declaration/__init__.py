"""The declaration of a project as one file: read, checked, compared with what is declared now, and made so.

`notation` reads the part of YAML that such files are written in and `writing` writes it; `scalars` are its texts.
`project` is what a file may say, `checking` finds every problem of a text at once. `present` is what is declared now,
`documents` and `looking` ask for it. `steps` and `difference` say what would have to be done, `removal` what would have
to go, `doing` does it through the control API.
"""
