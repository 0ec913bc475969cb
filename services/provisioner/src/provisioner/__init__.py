"""The provisioner makes true what was declared: environments, their databases, migrations.

In order of flow: `domain` decides, `store` remembers, `execute` acts on databases, `handlers` drive the loop from the
declared to the observed, `api` answers, `__main__` starts.
"""
