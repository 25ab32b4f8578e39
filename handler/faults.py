"""What makes an invocation fail, and where an exception was raised."""


class DeliveriesUnfinishedError(Exception):
    """Some requests have no published outcome and are in no queue; the trigger must redeliver the event."""


class FunctionFaultError(Exception):
    """A fault of the function, with its type and place only: the runtime logs it, and other texts may quote a key."""


def place_of(fault: Exception) -> str | None:
    """Return the module and line that raised the exception, None if it was not raised."""
    traceback = fault.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback and f"{traceback.tb_frame.f_globals.get('__name__')}:{traceback.tb_lineno}"
