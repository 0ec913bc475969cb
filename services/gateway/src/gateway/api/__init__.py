"""What the public meets: one port, and behind it the control API, the data API and its old form.

`http` takes a request apart and finds its door; `control` answers `POST /query`; `data` is what all data calls have in
common, `modern` and `simple` the two forms they come in; `bulk` takes all data out and in; `page` is what a browser
sees; `figures` counts and logs.
"""
