"""Blind listening tests from end to end: made on the page, rated by people in a browser, judged, exported, blind."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Response, expect
from scipy.stats import binomtest
from scipy.stats import t as student

from app import DEFAULTS, create_app, open_stores
from evaluator.demo.corpora import TTS_SYSTEMS, tts_corpus, write_manifest
from evaluator.listening.plans import Screen
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from tests.corpora import loaded

QUALITY = {"hibari": 4.4, "hibari-telephone": 3.3, "espeak": 2.4, "espeak-klatt": 1.6}
SENTENCES = 6


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluatorStores]:
    """The product over real sentences read by the demo's four systems."""
    folder = tmp_path_factory.mktemp("listening")
    write_manifest(folder / "tts.json", tts_corpus(folder, SENTENCES, 7))
    overrides = [f"workspace={folder / 'workspace'}", f"cache.folder={folder / 'cache'}"]
    opened = open_stores(load([DEFAULTS], overrides))
    opened.library.open("tts", [folder / "tts.json"])
    loaded(opened.library, "tts")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(stores: EvaluatorStores, serve: Callable[[Flask], str]) -> str:
    return serve(create_app(stores).server)


def make(page: Page, address: str, title: str, kind: str) -> str:
    """Make a test with the form; its id."""
    page.goto(f"{address}/listening?corpus=tts&new=1")
    page.locator("#listening-title").fill(title)
    page.get_by_role("radio", name=kind).check()
    page.locator("#listening-sentences").fill(str(SENTENCES))
    expect(page.locator("#listening-per_rater")).not_to_have_value("")
    page.locator("#listening-per_rater").fill("6")
    page.locator("#listening-training").fill("1")
    page.locator("#listening-seed").fill("5")  # the same plans each time, so that intervals cover the truth each time
    page.get_by_role("button", name="Make the test").click()
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    expect(page.locator(".listening-results .banner").first).to_contain_text("Nobody has rated anything yet")
    return title.lower().replace(" ", "-")


def listen_to_all(page: Page) -> None:
    """Play every sound of the screen to its end, as a person does."""
    buttons = page.locator("#rating-sounds .rating-sound, .rating-slider .rating-sound")
    expect(buttons.first).to_be_visible()
    for number in range(buttons.count()):
        if "Reference" in (buttons.nth(number).text_content() or ""):
            continue
        buttons.nth(number).click()
        expect(buttons.nth(number)).to_have_class("rating-sound was-heard", timeout=30_000)


def simulate(
    stores: EvaluatorStores, address: str, id: str, raters: int, says: Callable[[Any, Screen], list[int]]
) -> None:
    """Raters of known preference, over HTTP as their browsers talk; every answer is sent twice."""
    test = stores.listening.get(id)
    generator = np.random.default_rng(3)
    with httpx.Client(base_url=address, follow_redirects=False) as client:
        for number in range(raters):
            joined = client.post(f"/listen/{test.link}", data={"name": f"Rater {number}"})
            assert joined.status_code == 303
            own = joined.headers["Location"]
            who, _ = stores.listening.rater(test, own.rsplit("/", 1)[1])
            for screen in who.screens:
                values, heard = says(generator, screen), {}
                for place in range(1, 1 + len(screen.slots)):
                    with client.stream("GET", f"{own}/{screen.id}/{place}.wav") as sound:
                        heard[str(place)] = sound.headers["X-Receipt"]
                for _ in range(2):
                    told = {"values": values, "seconds": 3.25, "heard": heard}
                    kept = client.post(f"{own}/{screen.id}", json=told)
                    assert kept.status_code == 200, kept.text


def felt(generator: Any, screen: Screen, place: int) -> float:
    slot = screen.slots[place]
    return float(generator.normal(0.0 if slot.form == "degraded" else QUALITY[slot.system], 0.7))


def prefer(generator: Any, screen: Screen) -> list[int]:
    difference = felt(generator, screen, 1) - felt(generator, screen, 0)
    return [0 if abs(difference) < 0.2 else int(np.sign(difference))]


def rate(generator: Any, screen: Screen) -> list[int]:
    return [int(np.clip(round(felt(generator, screen, 0)), 1, 5))]


def weigh(generator: Any, screen: Screen) -> list[int]:
    return [int(np.clip(round(felt(generator, screen, 1) - felt(generator, screen, 0)), -3, 3))]


def slide(generator: Any, screen: Screen) -> list[int]:
    return [int(np.clip(round(20 * felt(generator, screen, place)), 0, 100)) for place in range(len(screen.slots))]


def test_a_blind_preference_test_from_its_making_to_its_results(
    page: Page, address: str, stores: EvaluatorStores
) -> None:
    id = make(page, address, "Which is better", "Preference (A/B)")
    test = stores.listening.get(id)

    # Two screens by hand: listen, choose by mouse and keyboard, be stopped by what is missing.
    page.goto(f"{address}/listen/{test.link}")
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#rating-place")).to_have_text("1 of 8")
    expect(page.locator("#rating-training")).to_be_visible()
    expect(page.locator("#rating-next")).to_be_disabled()
    expect(page.get_by_role("radio", name="The first")).to_be_disabled()
    listen_to_all(page)
    expect(page.locator("#rating-next")).to_be_disabled()
    page.get_by_role("radio", name="The first").check(force=True)
    page.locator("#rating-next").click()
    expect(page.locator("#rating-place")).to_have_text("2 of 8")
    expect(page.locator("#rating-training")).to_be_hidden()
    page.keyboard.press("a")
    expect(page.locator(".rating-sound.was-heard")).to_have_count(1, timeout=30_000)
    page.keyboard.press("b")
    expect(page.locator(".rating-sound.was-heard")).to_have_count(2, timeout=30_000)
    page.get_by_role("radio", name="No preference").check(force=True)
    page.keyboard.press("Enter")
    expect(page.locator("#rating-place")).to_have_text("3 of 8")

    # The same link on another machine goes on here.
    page.reload()
    expect(page.locator("#rating-place")).to_have_text("3 of 8")
    answers = stores.listening.answers(test)
    assert [answer.values for answer in answers] == [(-1,), (0,)]
    assert all(answer.seconds and answer.seconds > 1 for answer in answers)

    simulate(stores, address, id, 24, prefer)
    page.goto(f"{address}/listening?corpus=tts&test={id}")
    pairs = page.get_by_role("region", name="Preferences").locator("tbody tr")
    expect(pairs).to_have_count(6)
    exported = json.loads(httpx.get(f"{address}/export/listening/{id}.json").content)
    for pair in exported["results"]["pairs"]:
        better, worse = sorted((pair["a"], pair["b"]), key=lambda name: -QUALITY[name])
        share = pair["preference"]["share"]
        assert (share > 0.5) == (pair["a"] == better), (better, worse)
        # What such raters decide on average lies in the interval.
        truth = planted_share(pair["a"], pair["b"])
        assert pair["preference"]["interval"]["low"] <= truth <= pair["preference"]["interval"]["high"]
    assert_page_and_export_agree(page, address, id, exported)


def finished(url: str) -> dict[str, Any]:
    """The export, asked for again, as long as the answer says, while results are being made."""
    for _ in range(60):
        answer = httpx.get(url)
        if answer.status_code != 503:
            return dict(answer.raise_for_status().json())
        time.sleep(float(answer.headers["Retry-After"]))
    raise TimeoutError(f"{url} was not there after two minutes")


def planted_share(a: str, b: str) -> float:
    generator = np.random.default_rng(0)
    felt_a, felt_b = (generator.normal(QUALITY[name], 0.7, 200_000) for name in (a, b))
    decided = np.abs(felt_a - felt_b) >= 0.2
    return float(((felt_a > felt_b) & decided).sum() / decided.sum())


def assert_page_and_export_agree(page: Page, address: str, id: str, exported: dict[str, Any]) -> None:
    """Every number of the table of pairs, worked out again from the raw answers with scipy."""
    lines = list(csv.DictReader(io.StringIO(httpx.get(f"{address}/export/listening/{id}.csv").text)))
    left_out = {one["rater"] for one in exported["results"]["left_out"]}
    counted = [line for line in lines if line["purpose"] == "rated" and line["rater"] not in left_out]
    shown = page.get_by_role("region", name="Preferences").locator("tbody tr")
    raw = {}
    for a, b in {tuple(sorted((line["system"], line["second_system"]))) for line in counted}:
        for_a = [
            (-1 if line["system"] == a else 1) * int(line["value"])
            for line in counted
            if {line["system"], line["second_system"]} == {a, b}
        ]
        wins, none, losses = (sum(np.sign(value) == sign for value in for_a) for sign in (1, 0, -1))
        decided = [
            (line["rater"], line["sentence"], float(line["value"]) * (-1 if line["system"] == a else 1))
            for line in counted
            if {line["system"], line["second_system"]} == {a, b} and line["value"] != "0"
        ]
        raw[a, b] = (wins, none, losses, binomtest(int(wins), int(wins + losses)), clustered(decided))
    ranked = sorted(raw, key=lambda pair: raw[pair][4])
    corrected, least = {}, 0.0
    for rank, pair in enumerate(ranked):
        least = max(least, min(1.0, (len(ranked) - rank) * raw[pair][4]))
        corrected[pair] = least
    for (a, b), (wins, none, losses, tested, _) in raw.items():
        row = shown.filter(has_text=f"{a} against {b}")
        row = row.filter(has=page.locator("th", has_text=f"{a} against {b}"))
        cells = [cell.strip() for cell in row.first.locator("td").all_inner_texts()]
        interval = tested.proportion_ci(method="wilson")
        assert cells[0] == f"{100 * wins / (wins + losses):.1f}\u00a0%"
        assert cells[1] == f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
        assert cells[2] == f"{wins} / {none} / {losses}"
        assert cells[3] == shown_p(corrected[a, b])
        assert cells[5] == shown_p(tested.pvalue)


def shown_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def clustered(decided: list[tuple[str, str, float]]) -> float:
    """The p of preferences whose raters and sentences repeat; where all agree, of one more that does not."""
    freedom = min(len({rater for rater, _, _ in decided}), len({sentence for _, sentence, _ in decided})) - 1
    if len({value for _, _, value in decided}) == 1:
        decided = [*decided, ("nobody", "nothing", -decided[0][2])]
    mean = np.mean([value for _, _, value in decided])

    def variance(*places: int) -> float:
        sums: dict[Any, float] = {}
        for one in decided:
            key = tuple(one[place] for place in places)
            sums[key] = sums.get(key, 0) + (one[2] - mean) / len(decided)
        return len(sums) / (len(sums) - 1) * sum(part**2 for part in sums.values())

    raters, sentences = variance(0), variance(1)
    t = mean / np.sqrt(max(raters, sentences, raters + sentences - variance(0, 1)))
    return float(2 * student.sf(abs(t), freedom))


def test_a_mean_opinion_test_recovers_the_planted_order(page: Page, address: str, stores: EvaluatorStores) -> None:
    id = make(page, address, "How natural", "Mean opinion score (ACR)")
    test = stores.listening.get(id)
    page.goto(f"{address}/listen/{test.link}")
    page.get_by_label("Your name").fill("Bo")
    page.keyboard.press("Enter")
    expect(page.locator("#rating-place")).to_have_text("1 of 8")
    page.keyboard.press(" ")
    expect(page.locator(".rating-sound.was-heard")).to_have_count(1, timeout=30_000)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.locator("#rating-place")).to_have_text("2 of 8")
    assert [answer.values for answer in stores.listening.answers(test)] == [(4,)]

    simulate(stores, address, id, 30, rate)
    page.goto(f"{address}/listening?corpus=tts&test={id}")
    table = page.get_by_role("region", name="Means", exact=True)
    expect(table.locator("tbody th")).to_have_text(["hibari", "hibari-telephone", "espeak", "espeak-klatt"])
    exported = json.loads(httpx.get(f"{address}/export/listening/{id}.json").content)
    lines = list(csv.DictReader(io.StringIO(httpx.get(f"{address}/export/listening/{id}.csv").text)))
    left_out = {one["rater"] for one in exported["results"]["left_out"]}
    for row, result in zip(table.locator("tbody tr").all(), exported["results"]["systems"], strict=True):
        own = [
            int(line["value"])
            for line in lines
            if line["purpose"] == "rated" and line["system"] == result["system"] and line["rater"] not in left_out
        ]
        interval = result["mean"]["interval"]
        expect(row.locator("td").nth(0)).to_have_text(f"{np.mean(own):.2f}")
        expect(row.locator("td").nth(1)).to_have_text(f"{interval['low']:.2f} to {interval['high']:.2f}")
        expect(row.locator("td").nth(2)).to_have_text(str(len(own)))
        drawn = np.random.default_rng(0).normal(QUALITY[result["system"]], 0.7, 200_000)
        assert interval["low"] <= np.clip(np.round(drawn), 1, 5).mean() <= interval["high"]
    # The link to a sentence's recording opens it.
    page.get_by_role("region", name="Spread of the ratings").locator("tbody a").first.click()
    expect(page.locator(".player[data-state=ready]")).to_be_visible()


@pytest.mark.parametrize(
    ("kind", "says"), [("Comparison (CMOS)", weigh), ("All systems on sliders (MUSHRA-like)", slide)]
)
def test_differences_of_the_page_can_be_worked_out_from_the_raw_answers(
    page: Page, address: str, stores: EvaluatorStores, kind: str, says: Callable[[Any, Screen], list[int]]
) -> None:
    id = make(page, address, f"Differences {kind[:3]}", kind)
    simulate(stores, address, id, 12, says)
    exported = finished(f"{address}/export/listening/{id}.json")
    page.goto(f"{address}/listening?corpus=tts&test={id}")
    lines = list(csv.DictReader(io.StringIO(httpx.get(f"{address}/export/listening/{id}.csv").text)))
    left_out = {one["rater"] for one in exported["results"]["left_out"]}
    counted = [line for line in lines if line["purpose"] == "rated" and line["rater"] not in left_out]
    found = {}
    for pair in exported["results"]["pairs"]:
        a, b = pair["a"], pair["b"]
        if kind.startswith("Comparison"):  # the second against the first
            told = [
                (line["rater"], line["sentence"], float(line["value"]) * (-1 if line["system"] == a else 1))
                for line in counted
                if {line["system"], line["second_system"]} == {a, b}
            ]
        else:  # both on one screen
            own = {(line["rater"], line["sentence"], line["system"]): float(line["value"]) for line in counted}
            told = [(*key, value - own[*key, b]) for (*key, system), value in own.items() if system == a]
        found[a, b] = (float(np.mean([value for _, _, value in told])), clustered(told))
        better = max(a, b, key=lambda name: QUALITY[name])
        assert (found[a, b][0] > 0) == (a == better)
    assert len(found) == 6
    ranked = sorted(found, key=lambda pair: found[pair][1])
    least = 0.0
    for rank, (a, b) in enumerate(ranked):
        least = max(least, min(1.0, (len(ranked) - rank) * found[a, b][1]))
        named = re.compile(f"^{a} (against|minus) {b}$")
        row = page.get_by_role("region", name="Differences").locator("tbody tr")
        cells = row.filter(has=page.locator("th", has_text=named)).locator("td")
        expect(cells.nth(0)).to_have_text(f"{found[a, b][0]:+.2f}")
        expect(cells.nth(3)).to_have_text(shown_p(least))


def test_nothing_that_a_rater_is_sent_names_a_system(
    chromium: Browser, address: str, stores: EvaluatorStores, page: Page
) -> None:
    id = make(page, address, "Blind sliders", "All systems on sliders (MUSHRA-like)")
    test = stores.listening.get(id)
    context = chromium.new_context()
    rater = context.new_page()
    traffic: list[Response] = []
    rater.on("response", lambda answer: traffic.append(answer))
    rater.goto(f"{address}/listen/{test.link}")
    rater.get_by_label("Your name").fill("Cy")
    rater.get_by_role("button", name="Begin").click()
    for number in (1, 2):
        expect(rater.locator("#rating-place")).to_have_text(f"{number} of 8")
        listen_to_all(rater)
        sliders = rater.locator(".rating-slider input")
        for place in range(sliders.count()):
            sliders.nth(place).fill(str(20 + 10 * place))
        rater.locator("#rating-next").click()
    expect(rater.locator("#rating-place")).to_have_text("3 of 8")
    rater.wait_for_load_state("networkidle")
    assert [answer.values for answer in stores.listening.answers(test)] == [(20, 30, 40, 50), (20, 30, 40, 50)]
    # Files are named after sentence and system; neither may be seen.
    stems = {utterance["audio"].rsplit("/", 1)[-1] for utterance in paths(stores)}
    secrets = [name.encode() for name in {*TTS_SYSTEMS, *stems}]
    sounds = 0
    for answer in traffic:
        sent = answer.url.encode() + repr(answer.all_headers()).encode()
        own = answer.url.startswith("blob:")  # the page's own copy of what it was sent
        if answer.status not in (204, 303, 304) and "style.css" not in answer.url and not own:
            # The browser forgets bodies when it goes on; what it fetched can be fetched again.
            body = httpx.get(answer.url).content if answer.request.method == "GET" else answer.body()
            sent += body
            sounds += body[:4] == b"RIFF"
        assert not [name for name in secrets if name in sent], answer.url
    assert sounds >= 12
    context.close()


def paths(stores: EvaluatorStores) -> list[dict[str, Any]]:
    from explorer.querying.query import Query

    corpus = stores.library.get("tts")
    return corpus.page(Query(), 0, corpus.size, ("audio",))


def test_a_server_that_does_not_answer_loses_no_rating(
    page: Page, address: str, stores: EvaluatorStores, allowed_errors: list[str]
) -> None:
    allowed_errors.append("net::ERR_")
    id = make(page, address, "Broken line", "Mean opinion score (ACR)")
    test = stores.listening.get(id)
    page.goto(f"{address}/listen/{test.link}")
    page.get_by_label("Your name").fill("Di")
    page.get_by_role("button", name="Begin").click()
    listen_to_all(page)
    page.get_by_role("radio", name="Fair").check(force=True)
    page.route("**/001", lambda route: route.abort())
    page.locator("#rating-next").click()
    expect(page.locator("#rating-status")).to_contain_text("Not saved yet")
    assert stores.listening.answers(test) == []
    page.unroute("**/001")
    expect(page.locator("#rating-place")).to_have_text("2 of 8")
    assert [answer.values for answer in stores.listening.answers(test)] == [(3,)]


@pytest.mark.parametrize(("kind", "asked"), [("Mean opinion score (ACR)", " (Good)"), ("sliders (MUSHRA-like)", "")])
def test_two_windows_that_answer_differently_are_told_which_answer_counts(
    page: Page, address: str, stores: EvaluatorStores, kind: str, asked: str
) -> None:
    title = f"Two windows {kind[:4].strip().lower()}"
    id = make(page, address, title, kind)
    test = stores.listening.get(id)
    page.goto(f"{address}/listen/{test.link}")
    page.get_by_label("Your name").fill("Gil")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#rating-place")).to_have_text("1 of 8")
    second = page.context.new_page()
    second.goto(page.url)

    def rate_with(window: Page, name: str, points: int) -> None:
        listen_to_all(window)
        sliders = window.locator(".rating-slider input")
        for place in range(sliders.count()):
            sliders.nth(place).fill(str(points + place))
        if not sliders.count():
            window.get_by_role("radio", name=name).check(force=True)
        window.locator("#rating-next").click()

    rate_with(page, "Good", 30)
    expect(page.locator("#rating-place")).to_have_text("2 of 8")
    rate_with(second, "Bad", 70)
    told = f"You answered this in another window{asked}; that answer counts."
    expect(second.locator("#rating-status")).to_have_text(told)
    expect(second.locator("#rating-place")).to_have_text("1 of 8")
    if asked:
        expect(second.get_by_role("radio", name="Good")).to_be_checked()
        expect(second.get_by_role("radio", name="Bad")).to_be_disabled()
    else:
        expect(second.locator(".rating-slider output")).to_have_text(["30", "31", "32", "33"])
    second.keyboard.press("Enter")
    expect(second.locator("#rating-place")).to_have_text("2 of 8")
    expect(second.locator("#rating-status")).not_to_contain_text("another window")
    assert [a.values for a in stores.listening.answers(test)] == [(4,) if asked else (30, 31, 32, 33)]
    if asked:  # what counts is said for that screen only: the next one is rated as ever
        rate_with(second, "Fair", 50)
        expect(second.locator("#rating-place")).to_have_text("3 of 8")
        assert len(stores.listening.answers(test)) == 2
    second.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_raters_page_is_usable_on_a_phone_and_accessible(
    chromium: Browser, page: Page, address: str, stores: EvaluatorStores, scheme: Any
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    id = make(page, address, f"Phone {scheme}", "Comparison (CMOS)")
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    phone = context.new_page()
    phone.goto(f"{address}/listen/{stores.listening.get(id).link}")
    for shown in ("Your name", None):
        if shown:
            phone.get_by_label(shown).fill("Eve")
        found = Axe().run(phone).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        if shown:
            phone.get_by_role("button", name="Begin").click()
            expect(phone.locator("#rating-place")).to_have_text("1 of 8")
    context.close()


def test_receipts_that_do_not_hold_have_the_screen_heard_again(
    page: Page, address: str, stores: EvaluatorStores, allowed_errors: list[str]
) -> None:
    allowed_errors.append("409")
    id = make(page, address, "Heard first", "Mean opinion score (ACR)")
    test = stores.listening.get(id)
    page.route(
        "**/001/1.wav",
        lambda route: route.fulfill(response=(got := route.fetch()), headers={**got.headers, "x-receipt": "0" * 24}),
        times=1,
    )
    page.goto(f"{address}/listen/{test.link}")
    page.get_by_label("Your name").fill("Flo")
    page.get_by_role("button", name="Begin").click()
    for _ in range(2):
        listen_to_all(page)
        page.get_by_role("radio", name="Fair").check(force=True)
        page.locator("#rating-next").click()
        expect(page.locator("#rating-status")).not_to_have_text("Saving…")
        if not stores.listening.answers(test):
            expect(page.locator("#rating-status")).to_contain_text("Not saved: Not every recording was heard")
            expect(page.locator(".was-heard")).to_have_count(0)
    expect(page.locator("#rating-place")).to_have_text("2 of 8")
    assert [answer.values for answer in stores.listening.answers(test)] == [(3,)]


def test_a_wrong_link_and_a_wrong_name_are_told(
    page: Page, address: str, stores: EvaluatorStores, allowed_errors: list[str]
) -> None:
    allowed_errors.append("404")
    page.goto(f"{address}/listen/no-such-link-anywhere")
    expect(page.get_by_role("alert")).to_contain_text("opens no listening test")
    test = stores.listening.all()[0][0]
    page.goto(f"{address}/listen/{test.link}/0123456789abcdef")
    expect(page.get_by_role("alert")).to_contain_text("belongs to nobody")
