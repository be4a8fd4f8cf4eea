"""manage.py exams statistics|rebuild|judge|calibrate|regrade."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.models import Assessment, Item, Regrade
from lms.common.errors import DomainError


class Command(BaseCommand):
    help = "Statistics of exams and their items, and results changed after an item was wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        shown = actions.add_parser("statistics", help="figures of an exam and of each of its items")
        shown.add_argument("exam", help="the exam's slug")
        shown.add_argument("--all-attempts", action="store_true", help="not only each person's first attempt")
        shown.add_argument("--json", action="store_true")
        rebuilt = actions.add_parser("rebuild", help="compare the sums of all exams with the attempts, set them right")
        rebuilt.add_argument("--check", action="store_true", help="only compare; exit status 1 when something differs")
        judged = actions.add_parser("judge", help="raise the flags that hold now")
        judged.add_argument("exam", nargs="?", help="the exam's slug; without it all exams")
        calibrated = actions.add_parser("calibrate", help="estimate Rasch difficulties of an exam's items")
        calibrated.add_argument("exam", help="the exam's slug")
        regraded = actions.add_parser("regrade", help="mark an item again in all scored attempts, drop or credit it")
        regraded.add_argument("exam", help="the exam's slug")
        regraded.add_argument("item", help="the item's code")
        regraded.add_argument("--by-key-of", type=int, metavar="VERSION", help="score by the key of this version")
        regraded.add_argument("--drop", action="store_true", help="the item counts for nobody")
        regraded.add_argument("--credit", action="store_true", help="everybody gets its points")
        regraded.add_argument("--dry-run", action="store_true", help="only say who would pass and who would fail")
        regraded.add_argument("--reason", default="", help="why; candidates read it")
        regraded.add_argument("--as", dest="person", metavar="E-MAIL", help="who orders it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["action"])(options)
        except DomainError as error:
            raise CommandError(error.message) from error

    def exam(self, slug: str) -> Assessment:
        found = Assessment.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no exam “{slug}”.")
        return found

    def statistics(self, options: dict[str, Any]) -> None:
        made = services.exam_statistics(self.exam(options["exam"]), first_only=not options["all_attempts"])
        if options["json"]:
            self.stdout.write(json.dumps(services.as_json(made), ensure_ascii=False, indent=2))
            return
        figures = made.figures
        self.stdout.write(
            f"{made.assessment}: {figures.n} attempts, passed {figures.passed.words}, alpha {figures.alpha.words}, "
            f"standard error {figures.error.words}, consistency {figures.consistency.words}"
        )
        for one in made.items:
            found = one.figures
            flags = " ".join(flag.kind for flag in one.flags)
            self.stdout.write(
                f"{one.version}: {found.n} answers, facility {found.facility.words}, discrimination "
                f"{found.discrimination.words} {flags}".rstrip()
            )

    def rebuild(self, options: dict[str, Any]) -> None:
        check = options["check"]
        with tqdm(unit="attempt", file=sys.stderr, disable=None if options["verbosity"] else True) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            made = services.rebuild_tallies(check=check, at=timezone.now(), on_progress=show)
        for difference in made.differences:
            self.stdout.write(str(difference))
        verb = "differ" if check else "were set right"
        self.stdout.write(f"{made.attempts} attempts compared, {len(made.differences)} sums {verb}.")
        if check and made.differences:
            raise CommandError("The sums are not what the attempts say. Run without --check to set them right.")

    def judge(self, options: dict[str, Any]) -> None:
        exams = [self.exam(options["exam"])] if options["exam"] else list(Assessment.objects.order_by("pk"))
        for exam in exams:
            raised = services.judge_items(assessment=exam, at=timezone.now())
            self.stdout.write(f"{exam}: {len(raised)} new to look at.")

    def calibrate(self, options: dict[str, Any]) -> None:
        made = services.calibrate_items(assessment=self.exam(options["exam"]), at=timezone.now())
        if made is None:
            raise CommandError("Nothing to estimate: each item needs 100 answers, right by some and wrong by others.")
        for row in made.difficulties.select_related("item_version__item").order_by("value"):
            self.stdout.write(f"{row.item_version}: {row.value:.4f} (standard error {row.error:.4f}, {row.n} answers)")

    def regrade(self, options: dict[str, Any]) -> None:
        exam = self.exam(options["exam"])
        item = Item.objects.filter(code=options["item"], bank__drawn_by__assessment=exam).distinct().first()
        if item is None:
            raise CommandError(f"The exam draws from no bank with an item “{options['item']}”.")
        wanted = {"assessment": exam, "item": item, **self.decision(item, options)}
        if not options["dry_run"]:
            person = User.objects.filter(email=options["person"] or "").first()
            if person is None:
                raise CommandError("Say who orders it: --as E-MAIL.")
            made = services.order_regrade(**wanted, reason=options["reason"], by=person, at=timezone.now())
            self.stdout.write(f"Ordered: {made.total} attempts are regraded in the background.")
            return
        plan = services.plan_regrade(**wanted)
        for title, changes in (("would pass", plan.to_pass), ("would fail", plan.to_fail)):
            for change in changes:
                self.stdout.write(
                    f"{change.attempt.person.name} {title}: {change.before.points} -> {change.after.points}"
                )
        for number, count in plan.unfit.items():
            self.stdout.write(f"Version {number} has other options: {count} answers stay as they are.")
        self.stdout.write(
            f"{plan.looked_at} attempts looked at, {len(plan.changes)} would change. Nothing was changed."
        )

    def decision(self, item: Item, options: dict[str, Any]) -> dict[str, Any]:
        chosen = [bool(options["by_key_of"]), options["drop"], options["credit"]]
        if sum(chosen) != 1:
            raise CommandError("Choose one of --by-key-of, --drop and --credit.")
        if options["drop"] or options["credit"]:
            return {"action": Regrade.Action.DROP if options["drop"] else Regrade.Action.CREDIT, "key_version": None}
        version = item.versions.filter(number=options["by_key_of"]).first()
        return {"action": Regrade.Action.REKEY, "key_version": version}
