"""Commands on a terminal of some width, and in a pipe."""

from __future__ import annotations


def on_terminal(main, monkeypatch, capsys):
    """Return a function that runs `main` on a terminal of so many columns; it gives the exit status and the output."""

    def run(*arguments, columns=120):
        monkeypatch.setenv("COLUMNS", str(columns))
        status = main(list(arguments))
        return status, capsys.readouterr()

    return run


def in_a_pipe(main, monkeypatch, capsys, folder):
    """Run `main` where the output is no terminal, and nothing else says how wide it is; return the output."""
    with (folder / "pipe").open("w") as pipe, monkeypatch.context() as patched:
        patched.delenv("COLUMNS", raising=False)
        patched.setattr("sys.__stdout__", pipe)
        assert main([]) == 0
    return capsys.readouterr().out
