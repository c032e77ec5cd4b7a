"""Undo and redo over a chain of events: which event somebody would take back, and the draft that does.

Taking back is an event of its own that names what it takes back; taking back a taking back is a redo. Everybody takes
back only their own events, newest first, as every editor does; a new edit after an undo ends what could be redone.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from evaluator.ledger.events import Draft, Event, SeenRow


def next_undo(events: Sequence[Event], who: str) -> Event | None:
    """The event of ``who`` that undo would take back; ``events`` are oldest first, of any fields of one subject."""
    done, _ = _stacks(events, who)
    return done[-1] if done else None


def next_redo(events: Sequence[Event], who: str) -> Event | None:
    """The undo of ``who`` that redo would take back."""
    _, undone = _stacks(events, who)
    return undone[-1] if undone else None


def taking_back(
    event: Event, *, who: str, base: int | None = None, key: str = "", seen: SeenRow | None = None
) -> Draft:
    """The draft that takes an event back, over that event unless another ``base`` is given."""
    return Draft(
        key=key or str(uuid4()),
        who=who,
        space=event.space,
        subject=event.subject,
        field=event.field,
        old=event.new,
        new=event.old,
        base=event.id if base is None else base,
        seen=seen,
        undoes=event.id,
    )


def _stacks(events: Sequence[Event], who: str) -> tuple[list[Event], list[Event]]:
    """What can be undone and what can be redone, each newest last."""
    done: list[Event] = []
    undone: list[Event] = []
    for event in events:
        if event.who != who:
            continue
        if event.undoes is None:
            done.append(event)
            undone.clear()
        elif done and event.undoes == done[-1].id:
            done.pop()
            undone.append(event)
        elif undone and event.undoes == undone[-1].id:
            undone.pop()
            done.append(event)
    return done, undone
