"""Plans, events, diagnostics and models as JSON values: what `--json` prints. Keys are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, assert_never

from seedance_pipe.document import thaw
from seedance_pipe.plan.freshness import Changed, Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import Submission
from seedance_pipe.plan.make import Bill, Plan, Planned
from seedance_pipe.plan.repair import seams
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.report.departure import departure_data, departures
from seedance_pipe.report.doubts import doubt_data, doubts
from seedance_pipe.report.money import accounts_data, budget_data
from seedance_pipe.report.origins import origins_data
from seedance_pipe.report.parameters import parameters, resolutions, seconds
from seedance_pipe.report.seams import seam_data
from seedance_pipe.report.standing import Adopted, GivenBack, Result, Standing
from seedance_pipe.report.words import reasons, verdict_word
from seedance_pipe.run.budget import Total
from seedance_pipe.run.event import Blocked, Doubted, Event, Failed, Finished, Moved, Noted, Started
from seedance_pipe.spec.diagnostic import Diagnostic
from seedance_pipe.spec.medium import Address, FromShot, LocalFile, Medium, SeamPicture
from seedance_pipe.spec.model import Model, Price, Unpriced
from seedance_pipe.spec.story import Story
from seedance_pipe.units import Money


def plan_data(plan: Plan, total: Total) -> dict[str, Any]:
    """`total` is what the story has spent and reserved before the plan."""
    return {
        "story": plan.story.path.name,
        "title": plan.story.title,
        "steps": [planned_data(planned) for planned in plan.steps],
        "bill": _bill(plan.bill),
        "budget": budget_data(plan.story.budget, total),
        "leaves": [departure_data(one) for one in departures(plan.steps) if not one.handed],
    }


def graph_data(plan: Plan) -> dict[str, Any]:
    return {
        "steps": [
            {
                "step": planned.step.key,
                "kind": planned.step.kind.value,
                "shot": planned.step.shot.id if planned.step.shot else None,
                "verdict": verdict_word(planned),
                "needs": [{"step": need.step, "output": need.output} for need in planned.step.needs],
            }
            for planned in plan.steps
        ],
        "seams": [seam_data(one) for one in seams(plan.story)],
    }


def status_data(standing: Standing) -> dict[str, Any]:
    takes = [planned for planned in standing.plan.steps if planned.step.kind is StepKind.TAKE]
    submissions = {planned.step.key: standing.submission_of(planned) for planned in takes}
    return {
        "story": standing.plan.story.path.name,
        "film": verdict_word(standing.plan.steps[-1]),
        "takes": [
            {
                "step": planned.step.key,
                "verdict": verdict_word(planned),
                "clip": str(standing.clips[planned.step.key]) if planned.step.key in standing.clips else None,
                "submission": submission_data(submissions[planned.step.key]),
            }
            for planned in takes
        ],
        "strays": [submission_data(submission) for submission in standing.strays],
        "doubts": [doubt_data(doubt, standing.settling) for doubt in doubts(standing)],
        "spent": sums_data(standing.total.spent),
        "reserved": sums_data(standing.total.reserved),
        "unknown": standing.total.unknown,
        "budget": budget_data(standing.plan.story.budget, standing.total),
        "accounts": accounts_data(standing.accounts),
    }


def result_data(result: Result) -> dict[str, Any]:
    """The last line of `run --json`."""
    return {
        "event": "ended",
        "exit_code": result.exit_code,
        "film": str(result.film) if result.film else None,
        "made": list(result.made),
        "fresh": list(result.fresh),
        "failed": list(result.failed),
        "in_doubt": list(result.doubted),
        "blocked": list(result.blocked),
        "charged": sums_data(result.charged),
        "stopped": result.stopped,
        "running": sum(result.running.values()),
        "at_vendors": dict(result.running),
        "unanswered": result.unanswered,
    }


def story_data(story: Story, *, origins: bool = False) -> dict[str, Any]:
    """The story with nothing left to resolve: what each shot asks for, in the words of its vendor. With `origins`
    each shot says where its values come from.
    """
    return {
        "title": story.title,
        "output": story.output.relative_to(story.root).as_posix(),
        "shots": [
            {
                "id": shot.id,
                "model": shot.model.name,
                "takes": shot.takes,
                "media": [_medium(medium) for medium in shot.media],
                "request": thaw(shot.body),
                **({"origins": origins_data(shot)} if origins else {}),
            }
            for shot in story.shots
        ],
    }


def _medium(medium: Medium) -> dict[str, str]:
    named = {"role": medium.role.value, "kind": medium.kind.value}
    match medium.source:
        case LocalFile(name=name, type=type_):
            return {**named, "file": name, "type": type_}
        case Address(url=url):
            return {**named, "address": url}
        case FromShot(shot=shot):
            return {**named, "shot": shot}
        case SeamPicture(shot=shot, picture=picture):
            return {**named, "shot": shot, "picture": picture}
        case _ as never:
            assert_never(never)


def event_data(event: Event) -> dict[str, Any]:
    """One line of `run --json`: `event` names what happened, `step` to which step."""
    name = {"event": type(event).__name__.lower(), "step": event.step}
    match event:
        case Started(resumed=resumed):
            return {**name, "resumed": resumed}
        case Moved(status=status, task=task, fraction=fraction):
            return {**name, "status": status, "task": task, "fraction": fraction}
        case Finished(outputs=outputs, fresh=fresh, charged=charged):
            return {**name, "fresh": fresh, "outputs": dict(outputs), "charged": money_data(charged)}
        case Failed(message=message, next_step=next_step) | Doubted(message=message, next_step=next_step):
            return {**name, "message": message, "next_step": next_step}
        case Blocked(by=by):
            return {**name, "by": by}
        case Noted(message=message):
            return {**name, "message": message}
        case _ as never:
            assert_never(never)


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    place = diagnostic.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "width": place.width,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
    }


def submission_data(submission: Submission | None) -> dict[str, Any] | None:
    if submission is None:
        return None
    return {
        "id": submission.id,
        "asked": datetime.fromtimestamp(submission.at, UTC).isoformat(timespec="seconds"),
        "shot": submission.shot,
        "take": submission.take,
        "vendor": submission.vendor,
        "model": submission.model,
        "state": submission.state.value,
        "task": submission.task,
        "reserved": money_data(submission.reserved),
        "charged": money_data(submission.charged),
        "expected": money_data(submission.expected),
        "reason": submission.reason,
        "outputs": dict(submission.outputs),
    }


def adopted_data(adopted: Adopted) -> dict[str, Any]:
    return {
        "step": adopted.step,
        "clip": str(adopted.clip) if adopted.clip else None,
        "submission": submission_data(adopted.submission),
        "spent": sums_data(adopted.total.spent),
        "reserved": sums_data(adopted.total.reserved),
        "unknown": adopted.total.unknown,
    }


def given_back_data(one: GivenBack) -> dict[str, Any]:
    """What `cancel` came to for one open submission."""
    return {
        "step": take_key(one.submission.shot, one.submission.take),
        "cancelled": one.cancelled,
        "ended": one.ended,
        "why": one.why,
        "next_step": one.next_step,
        "submission": submission_data(one.submission),
    }


def model_data(model: Model) -> dict[str, Any]:
    abilities, document = model.abilities, thaw(model.document)
    return {
        "name": model.name,
        "aliases": list(model.aliases),
        "title": model.title,
        "vendor": model.vendor,
        "first_frame": abilities.first_frame,
        "last_frame": abilities.last_frame,
        "references": {kind.value: count for kind, count in abilities.references.items()},
        "audio": abilities.audio,
        "frame_rate": model.frame_rate,
        "sizes": {f"{resolution} {ratio}": str(size) for (resolution, ratio), size in model.sizes.items()},
        "retired": model.retirement.on.isoformat() if model.retirement else None,
        "successor": model.retirement.successor if model.retirement else None,
        "description": document["description"],
        "revision": model.revision,
        "resolutions": resolutions(model),
        "seconds": seconds(model),
        "parameters": [asdict(line) for line in parameters(model)],
        "price": _price(model.price),
        "media": document["x-media"],
        "body_bytes": model.body_bytes or None,
        "drafts": {"asks": list(model.drafting.asks), "days": model.drafting.days} if model.drafting else None,
        "sources": document["x-model"]["sources"],
    }


def _price(price: Price | Unpriced) -> dict[str, Any]:
    dated = {"seen": price.seen.isoformat(), "source": price.source}
    if isinstance(price, Unpriced):
        return {"unit": "unknown", "why": price.why, **dated}
    rates = [
        {"when": thaw(rate.when), "amount": f"{rate.amount:f}", "factor": f"{rate.factor:f}"}
        for rate in price.rates
    ]
    return {"unit": price.unit, "currency": price.currency, "about": price.about, "rates": rates, **dated}


def money_data(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": f"{money.amount:f}", "currency": money.currency}


def sums_data(amounts: Mapping[str, Money]) -> list[dict[str, str] | None]:
    return [money_data(money) for money in amounts.values()]


def _bill(bill: Bill) -> dict[str, Any]:
    return {"most": sums_data(bill.most), "exact": bill.exact and not bill.unknown, "unknown": list(bill.unknown)}


def planned_data(planned: Planned) -> dict[str, Any]:
    step = planned.step
    data: dict[str, Any] = {
        "step": step.key,
        "kind": step.kind.value,
        "shot": step.shot.id if step.shot else None,
        "verdict": verdict_word(planned),
        "reasons": reasons(planned),
    }
    if isinstance(planned.verdict, Stale):
        data["changes"] = [
            {
                "key": reason.key,
                "old": reason.old,
                "new": reason.new,
                "place": str(reason.place) if reason.place else None,
            }
            for reason in planned.verdict.reasons
            if isinstance(reason, Changed)
        ]
    if step.estimate and isinstance(planned.verdict, Stale):
        data["cost"] = {
            "most": money_data(step.estimate.most),
            "exact": step.estimate.exact,
            "tokens": step.estimate.tokens,
            "why": step.estimate.why,
        }
    return data
