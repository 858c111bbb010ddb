"""What can be the matter with the way to a model vendor, each as one sentence that names whom it leads to."""

from hybrid_lsp.core.errors import Trouble, TroubleKind


def unreachable(host: str) -> Trouble:
    """Nobody takes a connection."""
    return Trouble(TroubleKind.OFFLINE, f"{host} cannot be reached; see whether this machine is online.")


def untrusted(host: str) -> Trouble:
    """Somebody takes a connection, and cannot show to be who was asked for."""
    return Trouble(
        TroubleKind.OFFLINE,
        f"Whoever answers as {host} has no certificate for it that this machine trusts, so nothing was sent;"
        " if your network looks into https, have its certificate installed in the system.",
    )


def no_proxy() -> Trouble:
    """The proxy of the settings does not let it through."""
    return Trouble(
        TroubleKind.OFFLINE, "The proxy that your settings name does not let this through; see whether it is right."
    )


def slow(host: str, seconds: float) -> Trouble:
    """Nothing came in time."""
    return Trouble(TroubleKind.SLOW, f"{host} did not answer within {seconds:.0f} s; ask again, or for less.")


def silent(host: str) -> Trouble:
    """An answer began in time and did not go on."""
    return Trouble(TroubleKind.SLOW, f"{host} stopped in the middle of its answer; ask again.")


def unfinished(host: str) -> Trouble:
    """An answer began in time and did not end in time."""
    return Trouble(TroubleKind.SLOW, f"{host} did not finish its answer in time; ask for less, or again.")


def broken_off(host: str) -> Trouble:
    """The connection ended before the answer did."""
    return Trouble(TroubleKind.OFFLINE, f"The connection to {host} broke before the answer was over; ask again.")


def redirected(host: str) -> Trouble:
    """The answer is to ask somebody else."""
    return Trouble(
        TroubleKind.NONSENSE,
        f"{host} redirects to another address, and no redirect is followed; see whether its address is right.",
    )


def no_stream(host: str) -> Trouble:
    """What comes is no stream of events."""
    return Trouble(
        TroubleKind.NONSENSE, f"What {host} answers is not what it promises; is there a proxy or a login page between?"
    )


def too_large(host: str) -> Trouble:
    """More came than any real answer has."""
    return Trouble(TroubleKind.NONSENSE, f"What {host} answers is too large to be an answer; it was broken off.")
