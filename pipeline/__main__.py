"""`python -m pipeline` is `stance`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
