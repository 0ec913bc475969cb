"""Starts one worker of the door: `python -m gateway`."""

from gateway.api.worker import main

if __name__ == "__main__":
    main()
