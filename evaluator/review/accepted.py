"""Acceptances and their texts: whose text changed after it was accepted.

An acceptance is given to the text that stood there. It stays when the text is changed later, by whomever, but is told
to be older than the text, until somebody decides again; a text that is again what was accepted counts as the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluator.ledger import Event, Ledger


def changed_since(decision: Event, texts: Sequence[Event], reference: str | None) -> Event | None:
    """The newest change of the text, if the decision accepted another one.

    ``texts`` are all events of the text, oldest first; ``reference`` is the manifest's text, which null stands for.
    """
    if decision.new != "accept" or not texts or texts[-1].id < decision.id:
        return None
    before = [event.new for event in texts if event.id < decision.id]
    accepted = before[-1] if before else texts[0].old
    newest = texts[-1].new
    same = (reference if accepted is None else accepted) == (reference if newest is None else newest)
    return None if same else texts[-1]


def outdated(
    ledger: Ledger, space: str, states: Mapping[str, Mapping[str, Event]], references: Mapping[str, str | None]
) -> dict[str, str]:
    """By subject, who changed the text since it was accepted; ``states`` are the newest events by field.

    Only where there is a text that is newer than an acceptance its history is asked for.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    later = [
        subject
        for subject, events in states.items()
        if subject in references and {"reference", "decision"} <= events.keys()
        and events["decision"].new == "accept" and events["reference"].id > events["decision"].id
    ]  # fmt: skip
    histories: dict[str, list[Event]] = {subject: [] for subject in later}
    for event in ledger.histories(space, later, "reference"):
        histories[event.subject].append(event)
    found = {}
    for subject, texts in histories.items():
        change = changed_since(states[subject]["decision"], texts, references[subject])
        if change is not None:
            found[subject] = change.who
    return found
