import contextlib


def sharing(told=None):
    return contextlib.nullcontext()


def alone(told=None):
    return contextlib.nullcontext()


def folder(p):
    return contextlib.nullcontext()
