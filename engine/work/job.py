"""One job: a step of a tutorial, executed in the worker with a lab around it."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import shutil
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.lab import Lab, Refused, Stopped, aside
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.catalogue import pocket
from deepdive.engine.lessons.roles import own_model
from deepdive.engine.lessons.tutorial import Step, Tutorial
from deepdive.engine.machine import fit, hardware, out_of_memory
from deepdive.engine.places import model_files
from deepdive.engine.places.hub_errors import Wanted, recognise
from deepdive.engine.places.places import Artifact, Endpoint, Hub, Place, describe, override, parse
from deepdive.engine.places.resolver import Resolver
from deepdive.engine.runs import borrowed, events
from deepdive.engine.runs.events import AnyEvent, End, Job
from deepdive.engine.runs.plan import Order, digest_of, inputs_of
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import JobView
from deepdive.engine.work.failures import cut, described, endpoints_fault, of_methods
from deepdive.engine.work.process import load_steps, seed_everything, use_threads
from deepdive.engine.work.reporter import Reporter
from deepdive.engine.work.safe_points import SafePoints, Wish, time_limit

PROBE_SECONDS = 2.0
DETAIL_BYTES = 4000
CAUSE_BYTES = 1000
LOOK = "Its last lines are below"


class Execution:
    """Runs orders of one run, one after the other."""

    def __init__(self, run: Run, tutorial: Tutorial, report: Reporter, device: str, wish: Wish) -> None:
        self.run, self.tutorial, self.report, self.device, self.wish = run, tutorial, report, device, wish
        self.voice = report.voice("")  # of the job that runs, or of the last one
        use_threads(run.record.scale)
        self.lab: Lab | None = None  # of the job that runs, or of the last one
        self.safe: SafePoints | None = None
        self.broken = False  # the device takes no more work from this process
        self.wanted: Wanted | None = None  # what the step last asked a hub for
        self.budget: Any = None  # meter.Budget, once a job's step asks for an endpoint

    @property
    def secrets(self) -> dict[str, str]:
        """By service (huggingface, kaggle, openai): what the run's steps asked for, in memory only."""
        return self.report.secrets

    @secrets.setter
    def secrets(self, secrets: dict[str, str]) -> None:
        self.report.secrets = secrets

    def step_of(self, name: str) -> tuple[Tutorial, Step]:
        """The step of this tutorial, or of another's ("tutorial/step"). Raises Fault, Refusal."""
        id, slash, step = name.rpartition("/")
        tutorial = catalogue.find(id) if slash else self.tutorial
        return tutorial, tutorial.step(step)

    def roles(self, tutorial: Tutorial) -> dict[str, str]:
        """Where the learner pointed the roles of the run's own tutorial."""
        return self.run.record.roles if tutorial.id == self.tutorial.id else {}

    def places(self, tutorial: Tutorial, needs: dict[str, Path]) -> dict[str, Place]:
        """Where the roles are: the scale's, as the learner pointed them, and earlier artifacts."""
        places: dict[str, Place] = {}
        pointed = self.roles(tutorial)
        for role, table in tutorial.scales[self.run.record.scale].roles.items():
            places[role] = parse(role, table)
            if role in pointed:
                places[role] = override(places[role], pointed[role], role)
        return {**places, **{role: Artifact(artifact=str(path)) for role, path in needs.items()}}

    def needed(self, tutorial: Tutorial, step: Step, seed: int) -> dict[str, tuple[JobView, Path]]:
        """The job and the path that each need of a step stands for. Raises Fault if one was never finished."""
        found = {}
        for role, need in step.needs.items():
            name, _, artifact = need.partition(":")
            here = name if "/" in name or tutorial.id == self.tutorial.id else f"{tutorial.id}/{name}"
            job = self.report.view.latest(here, seed) or self.report.view.latest(here)
            if job is not None:
                path = borrowed.artifact_of(self.run, job, artifact)
                if path is None:
                    left = self.run.artifacts(job.id) / artifact
                    raise Fault(f"{step.id} needs {left}, which {name} left and which is gone", f"Run {name} again")
                found[role] = job, path
            elif "/" in name:
                found[role] = borrowed.latest(Store(self.run.folder.parent.parent), need, self.run.record.scale)
            else:
                raise Fault(f"{step.id} needs {name}, which has not finished", f"Run {name} first")
        return found

    def execute(self, order: Order, probe: Callable[[Lab], None]) -> str:
        """Run one job to its end and return its outcome. Everything that happens is in the log."""
        self.run.reload()  # the learner may have pointed a role elsewhere, or raised the spend cap
        tutorial, step = self.step_of(order.step)
        needed = self.needed(tutorial, step, order.seed)
        scale = self.run.record.scale
        digests = {role: "" if "/" in step.needs[role] else job.digest for role, (job, _) in needed.items()}
        inputs = inputs_of(tutorial, step, scale, self.roles(tutorial), digests)
        digest = digest_of(step, order.seed, order.settings, inputs, scale)
        self.voice = voice = self.report.voice(f"j{len(self.report.view.jobs) + 1}")
        folder = self.run.artifacts(voice.job)
        resumes = self._take_over(order, digest, folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        began = Job(
            t=time.time(),
            job=voice.job,
            step=order.step,
            seed=order.seed,
            settings=order.settings,
            inputs=inputs,
            digest=digest,
            resumes=resumes,
        )
        self.report.send(began)
        self.wanted = self.budget = None
        self.lab = None  # the last job's models go before this one's memory is counted
        self.safe = safe = SafePoints(voice, probe, self.run.record.memory_limit, self.device, self.wish)
        places = self.places(tutorial, {role: path for role, (_, path) in needed.items()})
        self.lab = Lab(
            folder=folder,
            seed=order.seed,
            device=self.device,
            resource=lambda kind, role: self.resource(kind, role, places, needed),
            report=voice,
            between=safe,
        )
        end = self._guarded(tutorial, step, order, safe)
        if end.outcome == "failed" and step.expects(end.cause):
            end = msgspec.structs.replace(end, outcome="done")  # its failure is the lesson; the cause stays told
        if end.outcome == "done":
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        voice.end(end)
        return end.outcome

    def crash(self, cause: str) -> None:
        """The step ends the process: the job's last word."""
        action, now = "Let the step return or raise instead", time.time()
        self.voice.end(End(t=now, job=self.voice.job, outcome="failed", cause=cause, action=action))

    def resource(self, kind: str, role: str, places: dict[str, Place], needed: dict[str, tuple[JobView, Path]]) -> Any:
        """What the lab asks for. A download tells its progress, and hears a stop when it does."""
        voice = self.voice
        if kind == "read":
            return self.rows(role, needed)
        if kind == "memory":
            assert self.lab is not None and self.safe is not None
            return self.safe.ledger.sample(self.lab.held)["held"]
        if kind == "client":
            return functools.partial(self.client, places, role)
        place = places.get(role)
        if isinstance(place, Hub):
            self.wanted = Wanted("data set" if kind == "data" else "model", place.hub, instead=place.instead)

        def report(kind: str, fields: dict[str, Any]) -> None:
            voice(kind, fields)
            if self.wish.verdict == "stop":
                raise Stopped

        token, kaggle = (lambda name=name: self.secrets.get(name) for name in ("huggingface", "kaggle"))
        columns = self.tutorial.scales[self.run.record.scale].columns
        like = functools.partial(own_model, self.tutorial)
        resolver = Resolver(places, pocket(), report, token, kaggle, like, columns)
        try:
            return resolver(kind, role)
        except Refusal:
            raise
        except Fault as fault:
            if role not in needed:
                raise
            again = f"Run {needed[role][0].step} again, which makes it anew"
            raise Fault(fault.cause, again, fault.detail) from fault

    def client(self, places: dict[str, Place], role: str, local: Any) -> Any:
        """The client of an endpoint, or of the step's local judge; replies are kept for the whole run."""
        from deepdive.engine.places import endpoint
        from deepdive.engine.places.meter import DEFAULT_CAP, Budget

        place = Resolver(places, pocket(), self.voice, lambda: None).place(role)
        if not isinstance(place, Endpoint):
            raise Refusal(role, f"{describe(place)} answers no questions", "an endpoint")
        if self.budget is None:
            spent = sum(spend.cost for job in self.report.view.jobs.values() for spend in job.spend.values())
            cap = self.run.record.spend_cap
            self.budget = Budget(DEFAULT_CAP if cap is None else cap, cap is not None, spent)
        key = self.secrets.get(place.secret) if place.secret else None
        return endpoint.client(place, role, key, self.run.folder / "replies", self.voice, self.budget, local)

    def _guarded(self, tutorial: Tutorial, step: Step, order: Order, safe: SafePoints) -> End:
        assert self.lab is not None

        def end(outcome: events.Outcome, cause: str = "", action: str = "", detail: str = "") -> End:
            cause, detail = cut(cause, slice(CAUSE_BYTES)), cut(detail, slice(-DETAIL_BYTES, None))
            fields = {"cause": cause, "action": action, "detail": detail}
            return End(t=time.time(), job=self.voice.job, outcome=outcome, **fields)

        try:
            if self.wish.verdict == "stop":
                raise Stopped
            seed_everything(order.seed)
            safe.sample(self.lab)
            self._look_ahead(tutorial, step, order, safe)
            function = getattr(load_steps(tutorial.folder), step.function.name)
            function(self.lab, **order.settings)
            safe.sample(self.lab)
            if self.lab.diverged is not None:
                return end("diverged", *self.lab.diverged)
            return end("cut", "its loop was ended early") if safe.was_finished else end("done")
        except Stopped:
            saved = any((self.lab.folder / "checkpoints").glob("checkpoint-*"))
            again = "it goes on from its checkpoint" if saved else "it begins anew"
            return end("stopped", "stopped at your request", f"Run it again: {again}")
        except Refused as refused:
            return end("refused", str(Refusal(refused.setting, refused.why)), f"Allowed: {refused.allowed}")
        except Refusal as refusal:
            return end("refused", refusal.cause, refusal.action)
        except Fault as fault:
            return end("failed", fault.cause, fault.action, fault.detail)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                return end("failed", "the disk is full", f"Free some space on {self.run.folder}, then run it again")
            return end("failed", described(error), LOOK, traceback.format_exc())
        except SystemExit as left:
            return end(
                "failed", f"the step left the program: sys.exit({described(left, '')})", LOOK, traceback.format_exc()
            )
        except BaseException as error:  # noqa: BLE001 - a step is the learner's own code: whatever it raises is a failed step
            if out_of_memory.is_out_of_memory(error):
                explained = out_of_memory.explain(error, safe.ledger.sample(self.lab.held), order.settings)
                return end("failed", explained.cause, explained.action, traceback.format_exc())
            self.broken = out_of_memory.breaks_the_device(error)
            if self.lab.diverged is not None:  # what comes of numbers that are none
                return end("diverged", *self.lab.diverged, traceback.format_exc())
            if isinstance(error, FloatingPointError):
                return end("diverged", described(error, ""), "Try a learning rate ten times smaller, or float32")
            if isinstance(error, ValueError) and of_methods(error):
                return end("refused", described(error, ""), "Change the step's settings")
            if self.wanted is not None and (known := recognise(error, self.wanted)) is not None:
                return end("failed", known.cause, known.action, known.detail)
            if (asked := endpoints_fault(error)) is not None:
                return end("failed", asked.cause, asked.action, asked.detail)
            return end("failed", described(error), self._own(tutorial, step) or LOOK, traceback.format_exc())
        finally:
            safe.ledger.close()

    def _own(self, tutorial: Tutorial, step: Step) -> str:
        """What of the learner's own the step works with, where it fails without an explanation."""
        places = self.places(tutorial, {})
        own = [role for role in self.roles(tutorial) if role in places and step.function.asks_for(role)]
        told = ", ".join(f"{role} ({describe(places[role])})" for role in own)
        return f"See whether it is as the lesson's own: {told}. {LOOK}" if own else ""

    def _look_ahead(self, tutorial: Tutorial, step: Step, order: Order, safe: SafePoints) -> None:
        """Raises Fault where a hub's model can't fit, before it is fetched: into the limit, else into the GPU, else
        into this machine."""
        gpu = hardware.gpu_memory(0) if self.device == "cuda" else None
        room = safe.limit or (gpu or hardware.memory())[0]
        record = self.run.record
        token = functools.partial(self.secrets.get, "huggingface")
        fault = fit.refusal(tutorial, step, record.scale, order.settings, self.roles(tutorial), room, token)
        if fault is not None:
            raise fault

    def _take_over(self, order: Order, digest: str, folder: Path) -> str | None:
        """A stopped job's folder passes to the next job of its digest, so that a Trainer goes on from there."""
        last = self.report.view.latest(order.step, order.seed, done=False)
        if last is None or last.outcome != "stopped" or last.digest != digest:
            return None
        old = self.run.artifacts(last.id)
        if not any((old / "checkpoints").glob("checkpoint-*")):
            return None
        old.rename(folder)
        return last.id

    def rows(self, name: str, needed: dict[str, tuple[JobView, Path]]) -> list[dict[str, Any]]:
        """Rows that an earlier step left: NAME.jsonl in its folder, or what it showed as `name`."""
        for job, path in needed.values():
            for file in (path, path / f"{name}.jsonl", path.with_name(f"{name}.jsonl")):
                if file.name == f"{name}.jsonl" and file.is_file():
                    try:
                        return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
                    except (OSError, ValueError) as error:
                        again = f"Run {job.step} again, which makes it anew"
                        raise Fault(f"{file} can't be read: {described(error)}", again) from error
            if name in job.rows:
                told, run = job.rows[name], next(up for up in path.parents if up.name == "artifacts").parent
                return json.loads((run / told.path).read_text()) if told.path else list(told.rows)
        raise Fault(f"no earlier step left rows named {name!r}", "Name in `needs` the step that makes them")

    # ---- probes -----------------------------------------------------------------------------------------------
    def answer(self, probe: str, settings: dict[str, Any], limited: bool) -> list[AnyEvent]:
        """Ask a probe of the models that the present (or last) job watches. Raises Fault with the reason."""
        functions = {function.name: function for function in self.tutorial.probes}
        if probe not in functions:
            raise Refusal("PROBE", f"{self.tutorial.id} has no probe {probe!r}", ", ".join(functions) or "none")
        known = {setting.name: setting for setting in functions[probe].settings}
        for name in settings:
            if name not in known:
                raise Refusal(name, f"{probe} has no such setting", ", ".join(known))
        values = {n: s.check(settings.get(n, s.default)) for n, s in known.items()}
        held = self.lab.held if self.lab is not None and self.lab.held else self.saved()
        heard: list[AnyEvent] = []
        lab = Lab(
            folder=self.run.artifacts(self.voice.job) if self.voice.job else self.run.folder,
            seed=0,
            device=self.device,
            resource=lambda kind, role: self.resource(kind, role, self.places(self.tutorial, {}), {}),
            report=lambda kind, fields: heard.append(self.voice.whole(kind, fields)),
            between=lambda lab, phase: "",
            held=held,
        )
        function = getattr(load_steps(self.tutorial.folder), probe)
        with contextlib.ExitStack() as stack:
            for model, *_ in held.values():
                stack.enter_context(aside(model))
            if limited:
                stack.enter_context(time_limit(PROBE_SECONDS))
            try:
                function(lab, **values)
            except Refused as refused:
                raise Refusal(refused.setting, refused.why, refused.allowed) from refused
            except TimeoutError:
                raise Fault(
                    f"the answer took longer than {PROBE_SECONDS:g} s, training went on without it",
                    "Ask for less, or ask again when the training is done",
                ) from None
            except KeyError as error:
                raise Fault(str(error).strip("'\""), "Run a step that trains or loads one") from error
            except (Fault, Stopped):
                raise
            except BaseException as error:
                if out_of_memory.is_out_of_memory(error):
                    raise Fault(
                        "there is no memory left to answer while it trains", "Ask again when it is done"
                    ) from error
                raise Fault(described(error), detail=traceback.format_exc()) from error
        return heard

    def saved(self) -> dict[str, tuple[Any, Any, Any]]:
        """The model that the run saved last, loaded under the name `model`. Raises Fault if there is none."""
        for job in reversed(self.report.view.jobs.values()):
            for file in reversed(job.files):
                path = self.run.folder / file.path
                if file.kind == "model":
                    model_files.check(path, "probes")
                if file.kind == "model" and (path / "adapter_config.json").is_file():
                    import peft
                    import transformers

                    model = peft.AutoPeftModelForCausalLM.from_pretrained(path).to(self.device)
                    return {"model": (model, transformers.AutoTokenizer.from_pretrained(path), None)}
                if file.kind == "model":
                    import transformers

                    name = json.loads((path / "config.json").read_text())["architectures"][0]
                    model = getattr(transformers, name).from_pretrained(path).to(self.device)
                    return {"model": (model, transformers.AutoTokenizer.from_pretrained(path), None)}
        raise Fault("no model of this run is in memory or saved", "Run a step that trains or loads one")
