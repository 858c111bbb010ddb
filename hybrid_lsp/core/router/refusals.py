"""Why something will not be done: each refusal names the thing, the rule and the way out."""

from decimal import Decimal

from hybrid_lsp.core.catalog import Model, Role
from hybrid_lsp.core.money import told, told_at_most, told_left
from hybrid_lsp.core.policy import Decision
from hybrid_lsp.core.profile import Profile
from hybrid_lsp.core.router.plan import Candidate, Refusal

WISH = Refusal(
    rule="wish",
    sentence="It was asked to stay on this machine; ask without that wish, and cloud models may be asked, too.",
)
DELIBERATE = Refusal(
    rule="deliberate",
    sentence="Nobody asked for this, so it costs nothing and stays here; choose the action to use a cloud model.",
)
NO_LOCAL_MODEL = Refusal(
    rule="no_local_model",
    sentence="There is no chat model on this machine; `hybrid-lsp doctor` says how to get one.",
)
GHOST_TEXT = Refusal(
    rule="allowed_for_cloud.inline_completion",
    sentence="Ghost text never leaves this machine, whatever the settings; a model on it writes it.",
)


def by_policy(decision: Decision, model: str = "") -> Refusal:
    """Return a policy's no in its own words."""
    return Refusal(rule=decision.rule, sentence=decision.sentence, model=model)


def blocked(why: str) -> Refusal:
    """Return why no paid call may be made at all."""
    return Refusal(rule="budget.blocked", sentence=why)


def no_cloud_model(roles: tuple[Role, ...]) -> Refusal:
    """Return that nobody plays these roles."""
    kinds = " or ".join(roles) or "cloud"
    sentence = f"No {kinds} cloud model is known here; name one in config.toml, or ask a local model."
    return Refusal(rule="no_cloud_model", sentence=sentence)


def below_threshold(score: float, profile: Profile) -> Refusal:
    """Return that the profile asks the cloud for harder jobs only."""
    sentence = (
        f"The profile {profile.name} asks the cloud from a score of {profile.cloud_from:g}, and this job has"
        f" {score:g}; ask for a cloud model, or choose another profile."
    )
    return Refusal(rule="profile", sentence=sentence)


def role_not_used(role: Role, profile: Profile) -> Refusal:
    """Return that the profile does without models of a role."""
    sentence = f"The profile {profile.name} uses no {role} models; choose another profile to use them."
    return Refusal(rule="profile", sentence=sentence)


def missing(candidate: Candidate) -> Refusal:
    """Return what a model lacks now, in the words of who found out."""
    return Refusal(rule=candidate.missing_rule, sentence=candidate.missing, model=candidate.model.id)


def unpriced(model: Model) -> Refusal:
    """Return that a model's price is unknown, which is no reason to take it for free."""
    sentence = f'The price of {model.id} is not known, so it is not asked; add [prices."{model.id}"] to config.toml.'
    return Refusal(rule="price", sentence=sentence, model=model.id)


def floor(model: Model, role: Role, floor_usd: Decimal, left_usd: Decimal) -> Refusal:
    """Return that too little is left for a model of this role."""
    sentence = (
        f"{model.id} is a {role} model, asked while more than {told(floor_usd)} of the month's money is left, and"
        f" {told_left(left_usd)} is; raise the monthly budget, or ask a local model."
    )
    return Refusal(rule="budget.floor", sentence=sentence, model=model.id)


def too_dear(model: Model, worst_usd: Decimal, left_usd: Decimal) -> Refusal:
    """Return that the worst case is more than what is left."""
    sentence = (
        f"{model.id} may cost {told_at_most(worst_usd)}, and {told_left(left_usd)} of the month's money is left;"
        " mark less code, or raise the monthly budget."
    )
    return Refusal(rule="budget.limit", sentence=sentence, model=model.id)


def over_cap(model: Model, worst_usd: Decimal, cap_usd: Decimal) -> Refusal:
    """Return that the worst case is more than this job may cost."""
    sentence = (
        f"{model.id} may cost {told_at_most(worst_usd)}, more than the {told_left(cap_usd)} that this job may cost;"
        " raise its cap, or mark less code."
    )
    return Refusal(rule="cost_cap", sentence=sentence, model=model.id)


def over_window(model: Model, needed_tokens: int) -> Refusal:
    """Return that question and answer do not fit into a model."""
    sentence = (
        f"{model.id} holds {model.window_tokens:,} tokens, and this job takes about {needed_tokens:,};"
        " mark less code, or choose a model with a larger window."
    )
    return Refusal(rule="window", sentence=sentence, model=model.id)


def over_output(model: Model, room_tokens: int, focus_tokens: int) -> Refusal:
    """Return that the marked part is longer than the answer that has to repeat it may be."""
    sentence = (
        f"{model.id} may write {room_tokens:,} tokens for this job, and the marked part is about {focus_tokens:,};"
        " mark less code."
    )
    return Refusal(rule="window", sentence=sentence, model=model.id)
