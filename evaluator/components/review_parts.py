"""The parts of the review page that do not depend on an utterance: the editor and what stands beside it.

``assets/review*.js`` fills them; the ids begin with "review", the page they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from explorer.components.cards import attributes, help_mark, icon
from explorer.config import Review, ReviewKeys

TEXT_HELP = (
    "The reference as it stands. What you type is kept in this browser at once and saved on the server when you pause; "
    "the original stays in the history and in the manifest until you export."
)
HEARD_HELP = (
    "Every system's hypothesis, aligned with the text above as you edit it. A click on a difference takes it over; a "
    "click on a name takes the whole hypothesis. S: substituted, D: left out, I: added."
)
WHY_HELP = "Signs that something is wrong with this utterance, the strongest first."


def do(name: str, icon_name: str, text: str, *, kind: str = "secondary", words: bool = True, **more: str) -> Component:
    """A button that does one of the page's actions."""
    return html.Button(
        [icon(icon_name), text if words else None],
        type="button",
        className=f"btn btn-{kind}" if words else "icon-button",
        title=text,
        **attributes(data_review_do=name, **({} if words else {"aria_label": text}), **more),
    )


def editor(options: Review) -> list[Component]:
    """Player, text and what every system heard, to be filled for each utterance."""
    text_name = "Text of the utterance"
    return [
        html.Div(id="review-stage", className="panel panel-body review-stage"),
        html.Section(
            [
                html.Div(
                    [
                        html.H2(html.Label("Text", htmlFor="review-text")),
                        help_mark(TEXT_HELP),
                        html.Div([] if options.read_only else _text_tools(), className="aside"),
                    ],
                    className="panel-head",
                ),
                html.Div(
                    [
                        html.Textarea(
                            id="review-text",
                            className="review-text",
                            dir="auto",
                            rows=2,
                            spellCheck="false",
                            autoComplete="off",
                            **attributes(aria_label=text_name),
                        ),
                        html.Div(id="review-nameless", className="banner review-nameless", hidden=True),
                        html.P(id="review-invisible", className="align-note review-warning", hidden=True),
                        html.Div(
                            [
                                None if options.read_only else _decisions(options.keys),
                                html.Details(
                                    [html.Summary("The manifest's text"), html.P(id="review-original", dir="auto")],
                                    className="align-written",
                                ),
                            ],
                            className="review-under",
                        ),
                    ],
                    className="panel-body",
                ),
            ],
            className="panel",
        ),
        html.Section(
            [
                html.Div([html.H2("Heard"), help_mark(HEARD_HELP)], className="panel-head"),
                html.Div(
                    [
                        html.Div(id="review-systems", className="review-systems"),
                        html.Div(id="review-differences"),
                        html.P(id="review-rates-note", className="align-note"),
                        html.P(id="review-missing", className="align-note"),
                    ],
                    className="panel-body",
                ),
            ],
            id="review-rates",
            className="panel",
            **attributes(data_state="waiting"),
        ),
    ]


def _text_tools() -> list[Component]:
    return [
        do("undo", "bi-arrow-counterclockwise", "Undo", words=False),
        do("redo", "bi-arrow-clockwise", "Redo", words=False),
        do("original", "bi-file-text", "The manifest's text again", words=False),
    ]


def _decisions(keys: ReviewKeys) -> Component:
    choices = (
        ("accept", "bi-check-lg", "Accept"),
        ("reject", "bi-x-lg", "Reject"),
        ("skip", "bi-skip-forward", "Skip"),
    )
    return html.Div(
        [
            html.Button(
                [icon(picture), text, html.Kbd(key) if (key := _short_key(getattr(keys, name))) else None],
                type="button",
                className=f"btn btn-{'primary' if name == 'accept' else 'secondary'}",
                title=f"{text} ({', '.join(getattr(keys, name))})",
                **attributes(data_review_do=name),
                **(attributes(data_decision=name, aria_pressed="false") if name != "skip" else {}),
            )
            for name, picture, text in choices
        ],
        className="review-decisions",
        role="group",
        **attributes(aria_label="Decision"),
    )


def _short_key(keys: Sequence[str]) -> str:
    """The shortest key of an action, as a hint on its button."""
    return min(keys, key=len, default="")


def side(options: Review) -> list[Component]:
    """Reasons, decision, tags, comment, history and metadata, to be filled for each utterance."""
    writable = not options.read_only
    tags = [
        html.Button(tag, type="button", className="review-tag", disabled=not writable, **attributes(data_tag=tag))
        for tag in options.tags
    ]
    return [
        _panel("Why it is here", html.Ul(id="review-why", className="plain-list review-why"), help_text=WHY_HELP),
        _panel(
            "Decision",
            [
                html.P(id="review-decision", className="review-decision"),
                html.Div(tags, id="review-tags", className="chips", role="group", **attributes(aria_label="Tags")),
                html.P(id="review-tags-others", className="muted", hidden=True),
                html.Label(
                    [
                        html.Span("Comment"),
                        html.Textarea(
                            id="review-comment",
                            className="form-control",
                            rows=2,
                            dir="auto",
                            readOnly="" if writable else "readOnly",
                        ),
                    ],
                    className="review-comment",
                ),
            ],
        ),
        _panel(
            "History",
            [
                html.P("Nobody has changed anything here.", id="review-history-none", className="muted"),
                html.Ol(id="review-history", className="plain-list review-history"),
            ],
        ),
        _panel("Metadata", html.Dl(id="review-facts", className="facts")),
    ]


def _panel(title: str, body: Component | Sequence[Component], *, help_text: str = "") -> Component:
    head = [html.H2(title), help_mark(help_text, place="at-end") if help_text else None]
    return html.Section(
        [html.Div(head, className="panel-head"), html.Div(body, className="panel-body")], className="panel"
    )
