"""Commands on a terminal of some width."""

from __future__ import annotations


def on_terminal(main, monkeypatch, capsys):
    """Return a function that runs `main` on a terminal of so many columns; it gives the exit status and the output."""

    def run(*arguments, columns=120):
        monkeypatch.setenv("COLUMNS", str(columns))
        status = main(list(arguments))
        return status, capsys.readouterr()

    return run
