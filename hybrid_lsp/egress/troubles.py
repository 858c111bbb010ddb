"""What can be the matter with a way out, each as one sentence that names where it leads."""

from hybrid_lsp.core.errors import Trouble, TroubleKind


def slow(where: str, timeout_s: float) -> Trouble:
    """Nothing came in time."""
    return Trouble(TroubleKind.SLOW, f"{where} did not answer within {timeout_s:g} s; it may be busy.")


def unfinished(where: str) -> Trouble:
    """An answer began in time and did not end in time."""
    return Trouble(TroubleKind.SLOW, f"{where} did not finish in time; it may be busy.")


def crowded(where: str) -> Trouble:
    """As many questions as may be asked at once are still waiting for their answers."""
    return Trouble(TroubleKind.SLOW, f"{where} did not answer in time; it may be busy or stuck.")


def nobody(where: str) -> Trouble:
    """Nobody takes a connection."""
    return Trouble(TroubleKind.OFFLINE, f"Nothing answers at {where}; start the model server there.")


def insecure(where: str) -> Trouble:
    """Somebody takes a connection, and it cannot be made secure."""
    return Trouble(
        TroubleKind.OFFLINE,
        f"{where} cannot be asked over https; see whether it speaks it, with a certificate trusted here.",
    )


def broken_off(where: str) -> Trouble:
    """The connection ended before the answer did."""
    return Trouble(TroubleKind.OFFLINE, f"{where} closed the connection; see whether the server still runs.")


def not_http(where: str) -> Trouble:
    """What came is no HTTP."""
    return Trouble(TroubleKind.NONSENSE, f"What {where} answers is not HTTP; is it a model server?")


def redirected(where: str) -> Trouble:
    """The answer is to ask somebody else."""
    return Trouble(
        TroubleKind.NONSENSE,
        f"{where} redirects to another address, and no redirect is followed; name the address it means.",
    )


def too_large(where: str) -> Trouble:
    """More came than any real answer has."""
    return Trouble(TroubleKind.NONSENSE, f"What {where} answers is too large; is it a model server?")
