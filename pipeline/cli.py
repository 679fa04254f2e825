"""The command line: parse, dispatch with lazy imports, errors to messages and exit codes."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import StanceError

if TYPE_CHECKING:
    from pipeline.domain import Reject
    from pipeline.params import Params

REJECTED = 10
DIFFERS = 11
_EXIT_CODES = (
    "Exit codes: 0 done; 1 a failure; 2 a wrong call; 3 input, 4 configuration, 5 annotations, 6 splits, 7 model, "
    "8 output not as it should be; 10 done, but some files were rejected and --rejects did not ask to keep them; "
    "11 scores that differ from what the model says; 130 interrupted."
)
# Plain help: rich would take longer to load than all the rest.
app = typer.Typer(
    help="Stance on sanctions, statement by statement, in transcripts of United Nations debates.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Paths = Annotated[list[str], typer.Argument(help="Files, folders or globs of transcripts.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Result: .parquet, .csv or .jsonl by its ending.", show_default=False)]
Rejects = Annotated[Path | None, typer.Option(help="Keep what could not be read in this JSONL file.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first file that cannot be read.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Config = Annotated[Path, typer.Option("--params", help="Parameters of all stages.")]
CodebookOption = Annotated[Path, typer.Option(help="Labels, definitions and rulings.")]
Bases = Annotated[Path, typer.Option(help="Base models, pinned by content.")]
StatementsIn = Annotated[Path, typer.Option(help="Statements, as segment wrote them.")]
LabelsIn = Annotated[Path, typer.Option(help="Labels, as annotate wrote them.")]
SplitsIn = Annotated[Path, typer.Option(help="Splits, as split wrote them.")]
PARAMS = Path("configs/params.yaml")
CODEBOOK = Path("configs/codebook.yaml")
BASES = Path("configs/base-models.yaml")
MODEL = Path("models/stance")
EXPORTED = Path("models/exported")
BASELINES = Path("models/baselines")
STATEMENTS = Path("data/statements/statements.parquet")
ANNOTATIONS = Path("data/annotations")
LABELS = Path("data/labels/labels.parquet")
PREDICTIONS = Path("data/evaluation/predictions.jsonl")
TOPICS = Path("configs/topics.yaml")
EVALUATION = Path("data/evaluation")
EXAMINATION = Path("data/examination")
AGREEMENT = Path("data/labels/agreement.json")
TRAINING = Path("data/training")
SEEDS = Path("data/seeds/seeds.json")
REPORT_PAGE = Path("data/report/report.html")
REVIEW_PAGE = Path("data/report/evaluation.html")


class Pick(StrEnum):
    """What `tasks` chooses: what the model is unsure of, what differs most, both at once, or anything."""

    uncertain = "uncertain"
    diverse = "diverse"
    both = "both"
    random = "random"


def _print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _params(path: Path) -> "Params":
    from pipeline.params import load_params

    return load_params(path)


def _tell_rejects(rejects: "list[Reject]", kept: Path | None) -> None:
    for reject in rejects[:20]:
        typer.echo(f"rejected {reject.source}: {reject.reason}. {reject.remedy}", err=True)
    if len(rejects) > 20:
        typer.echo(f"... and {len(rejects) - 20} more; keep them all with --rejects FILE", err=True)
    if rejects and kept is None:
        raise typer.Exit(REJECTED)


@app.command()
def segment(paths: Paths, out: Out, rejects: Rejects = None, strict: Strict = False) -> None:
    """Split transcripts into statements.

    Example: stance segment record.pdf --out statements.csv
    """
    from pipeline.segment import segment as run

    summary = run(paths, out, rejects, strict=strict)
    typer.echo(f"{out}: {summary}")
    _tell_rejects(summary.rejects, rejects)


@app.command()
def annotate(
    statements: StatementsIn,
    annotations: Annotated[Path, typer.Option(help="Folder with a JSONL file an annotator.")],
    out: Annotated[Path, typer.Option(help="Labels, as Parquet.")],
    report: Annotated[Path, typer.Option(help="Agreement, as JSON.")],
    codebook: CodebookOption = CODEBOOK,
    params: Config = PARAMS,
) -> None:
    """Turn annotators' decisions into labels, with their agreement.

    Example: stance annotate --statements s.parquet --annotations data/annotations --out l.parquet --report a.json
    """
    from pipeline.annotate import annotate as run

    result = run(statements, annotations, codebook, out, report, _params(params))
    counts = ", ".join(f"{name} {count:,}" for name, count in result["labels"].items())
    alpha = result["krippendorff_alpha"]
    typer.echo(f"{result['labelled']:,} labels ({counts}); {result['awaiting_adjudication']} await adjudication")
    typer.echo("Krippendorff's alpha: " + ("needs two annotators" if alpha is None else f"{alpha:.3f}"))


@app.command()
def tasks(
    paths: Paths,
    out: Annotated[Path, typer.Option(help="Tasks as JSON; the labelling configuration goes beside it as .xml.")],
    count: Annotated[int, typer.Option(min=1, help="How many statements at most.")] = 200,
    pick: Annotated[Pick, typer.Option(help="What to label next.")] = Pick.random,
    blind: Annotated[bool, typer.Option("--blind", help="Do not show the model's label.")] = False,
    annotations: Annotated[Path, typer.Option(help="Leave out what is labelled here already.")] = ANNOTATIONS,
    model: Annotated[Path, typer.Option(help="Folder of the exported model, if there is one.")] = EXPORTED,
    codebook: CodebookOption = CODEBOOK,
    bases: Bases = BASES,
    params: Config = PARAMS,
) -> None:
    """Choose statements to label, as tasks for Label Studio.

    Example: stance tasks data/raw --out tasks.json --pick uncertain --count 200
    """
    from pipeline.tasks import tasks as run

    settings = run(paths, out, count, pick.value, blind, annotations, model, codebook, bases, _params(params))
    typer.echo(f"{out}: tasks; {settings}: the labelling configuration to paste into the project's settings")


@app.command()
def labels(
    export: Annotated[Path, typer.Argument(help="Label Studio's export (JSON, JSON-MIN), or CSV.", show_default=False)],
    annotator: Annotated[str, typer.Option(help="Whose decisions they are.", show_default=False)],
    statements: StatementsIn = STATEMENTS,
    annotations: Annotated[Path, typer.Option(help="Folder with a JSONL file an annotator.")] = ANNOTATIONS,
    codebook: CodebookOption = CODEBOOK,
) -> None:
    """Add decisions of Label Studio or a CSV to the annotators' files.

    Example: stance labels export.json --annotator maria
    """
    from pipeline.codebook import load_codebook
    from pipeline.labelstudio import add_labels, check_annotator, read_labels
    from pipeline.tables import read_parquet

    book = load_codebook(codebook)
    known = {row["statement_id"]: row["speech_id"] for row in read_parquet(statements)}
    found = read_labels(export, check_annotator(annotator), book)
    added = add_labels(found, annotations, known, book)
    for name, count in added.items():
        typer.echo(f"{annotations / name}.jsonl: {count:,} added")
    typer.echo(f"{sum(added.values()):,} of {len(found):,} decisions were new")


@app.command()
def corpus(
    statements: StatementsIn = STATEMENTS,
    labels: LabelsIn = LABELS,
    annotations: Annotated[Path, typer.Option(help="Folder with a JSONL file an annotator.")] = ANNOTATIONS,
    agreement: Annotated[Path, typer.Option(help="Agreement, as annotate wrote it.")] = AGREEMENT,
    topics: Annotated[Path, typer.Option(help="Patterns that tell topics.")] = TOPICS,
    set_phrases: Annotated[Path, typer.Option(help="Set phrases, a line each.")] = Path("configs/set-phrases.txt"),
    against: Annotated[Path | None, typer.Option(help="JSONL of real statements to tell these from.")] = None,
    datasheet: Annotated[Path | None, typer.Option(help="Page whose figures are written anew.")] = None,
    out: Annotated[Path, typer.Option(help="Report, as JSON.")] = Path("data/corpus/corpus.json"),
    codebook: CodebookOption = CODEBOOK,
    params: Config = PARAMS,
) -> None:
    """Report on a labelled corpus: counts, repetition, shortcuts.

    Example: stance corpus --datasheet data/README.md
    """
    from pipeline.corpus import corpus as run
    from pipeline.report.datasheet import markdown, write_figures

    sources = (statements, labels, annotations, agreement, codebook, topics, set_phrases)
    result = run(*sources, out, _params(params), against)
    typer.echo(markdown(result))
    if datasheet is not None:
        write_figures(datasheet, result)


@app.command()
def split(
    statements: StatementsIn,
    labels: LabelsIn,
    out: Annotated[Path, typer.Option(help="Splits, as Parquet.")],
    heldout: Annotated[Path, typer.Option(help="List of the held-out speeches.")],
    params: Config = PARAMS,
) -> None:
    """Divide labelled speeches into train, validation and held-out.

    Example: stance split --statements s.parquet --labels l.parquet --out splits.parquet --heldout heldout.txt
    """
    from pipeline.split import split as run

    for name, counts in run(statements, labels, out, heldout, _params(params)).items():
        typer.echo(f"{name:<12}{counts['speeches']:>5} speeches {counts['statements']:>7,} statements")


@app.command()
def train(
    statements: StatementsIn,
    labels: LabelsIn,
    splits: SplitsIn,
    out: Annotated[Path, typer.Option(help="Folder of the model.")],
    report: Annotated[Path, typer.Option(help="Scores on validation by epoch, as JSON.")],
    codebook: CodebookOption = CODEBOOK,
    bases: Bases = BASES,
    seed_offset: Annotated[int, typer.Option(min=0, help="Added to runtime.seed, to see what luck does.")] = 0,
    params: Config = PARAMS,
) -> None:
    """Fine-tune the base model.

    Example: stance train --statements s.parquet --labels l.parquet --splits p.parquet --out model --report t.json
    """
    from pipeline.train import train as run

    settings = _params(params).with_seed(seed_offset)
    result = run(statements, labels, splits, codebook, bases, out, report, settings)
    typer.echo(
        f"{out}: validation macro-F1 {result['validation_macro_f1']:.3f} at epoch {result['kept_epoch']:.1f} "
        f"(linear probe {result['probe_validation_macro_f1']:.3f})"
    )


@app.command()
def seeds(
    evaluations: Annotated[list[Path], typer.Argument(help="Folders that evaluate wrote.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Means and standard deviations, as JSON.")],
) -> None:
    """Sum up the same training from several seeds.

    Example: stance seeds data/evaluation data/seeds/1 data/seeds/2 --out data/seeds/seeds.json
    """
    from pipeline.seeds import seeds as run

    for name, row in run(evaluations, out)["measures"].items():
        typer.echo(f"{name:<20} {row['mean']:.3f} +- {row['standard_deviation']:.3f}")


@app.command()
def baselines(
    statements: StatementsIn,
    labels: LabelsIn,
    splits: SplitsIn,
    out: Annotated[Path, typer.Option(help="Folder of the baselines.")],
    codebook: CodebookOption = CODEBOOK,
    bases: Bases = BASES,
    params: Config = PARAMS,
) -> None:
    """Fit the baselines: majority, keywords, TF-IDF, frozen base.

    Example: stance baselines --statements s.parquet --labels l.parquet --splits p.parquet --out models/baselines
    """
    from pipeline.baselines import baselines as run

    run(statements, labels, splits, codebook, bases, out, _params(params))


@app.command()
def export(
    statements: StatementsIn,
    labels: LabelsIn,
    splits: SplitsIn,
    out: Annotated[Path, typer.Option(help="Folder of the exported model.")],
    report: Annotated[Path, typer.Option(help="Agreement with the trained model, as JSON.")],
    model: Annotated[Path, typer.Option(help="Folder of the trained model.")] = MODEL,
    params: Config = PARAMS,
) -> None:
    """Write the model as ONNX, and prove that it agrees.

    Example: stance export --statements s.parquet --labels l.parquet --splits p.parquet --out exported --report e.json
    """
    from pipeline.export import export as run

    result = run(statements, labels, splits, model, out, report, _params(params))
    typer.echo(
        f"{out}: {result['same_label']:,} of {result['statements']:,} labels the same, "
        f"probabilities within {result['largest_difference']}"
    )
    for name, row in result["engines"].items():
        agrees = "agrees" if row["agrees"] else "does not agree"
        typer.echo(
            f"  {name:<20}{row['same_label']:.2%} of the labels, macro-F1 {row['macro_f1_difference']:+.4f}: {agrees}"
        )


@app.command()
def evaluate(
    on: Annotated[
        Path | None, typer.Option(help="JSONL rows of statement, previous, label; else the held-out speeches.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file (with --on) or folder.")] = None,
    statements: Annotated[Path | None, typer.Option(help="Statements, for the held-out speeches.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels, for the held-out speeches.")] = None,
    splits: Annotated[Path | None, typer.Option(help="Splits, for the held-out speeches.")] = None,
    model: Annotated[Path, typer.Option(help="Folder of the trained model.")] = MODEL,
    baselines: Annotated[Path, typer.Option(help="Folder of the baselines.")] = BASELINES,
    codebook: CodebookOption = CODEBOOK,
    bases: Bases = BASES,
    params: Config = PARAMS,
    as_json: AsJson = False,
) -> None:
    """Measure model and baselines on held-out or other labels.

    Example: stance evaluate --on my-labels.jsonl --out result.json
    """
    from pipeline import evaluate as stage
    from pipeline.tables import write_json

    if on is not None:
        compared = baselines if baselines.is_dir() else None
        result = stage.evaluate_file(on, model, compared, codebook, bases, _params(params))
        if out is not None:
            write_json(out, result)
    elif statements and labels and splits and out:
        result = stage.evaluate(statements, labels, splits, model, baselines, codebook, bases, out, _params(params))
    else:
        raise typer.BadParameter("give --on FILE, or --statements, --labels, --splits and --out")
    from pipeline.report.terminal import result_table

    _print_json(result) if as_json else result_table(result)


@app.command()
def examine(
    statements: StatementsIn = STATEMENTS,
    labels: LabelsIn = LABELS,
    predictions: Annotated[Path, typer.Option(help="Held-out predictions, as evaluate wrote them.")] = PREDICTIONS,
    model: Annotated[Path, typer.Option(help="Folder of the trained model.")] = MODEL,
    topics: Annotated[Path, typer.Option(help="Patterns that tell topics.")] = TOPICS,
    behaviour: Annotated[Path, typer.Option(help="Folder of behaviour tests.")] = Path("tests/behaviour"),
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("data/examination"),
    codebook: CodebookOption = CODEBOOK,
    params: Config = PARAMS,
) -> None:
    """Part the held-out result, and run the behaviour tests.

    Example: stance examine
    """
    from pipeline.examine import examine as run
    from pipeline.report.terminal import examination_tables

    examination_tables(run(statements, labels, predictions, model, codebook, topics, behaviour, out, _params(params)))


@app.command()
def estimate(
    scores: Annotated[Path, typer.Argument(help="Scores, as score wrote them.", show_default=False)],
    labels: Annotated[
        Path, typer.Option(help="A labelled random sample of them: CSV, JSONL or Label Studio's export.")
    ],
    by: Annotated[str | None, typer.Option(help="A column of the scores, or year; else all together.")] = None,
    out: Annotated[Path | None, typer.Option(help="Table: .parquet, .csv or .jsonl by its ending.")] = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    codebook: CodebookOption = CODEBOOK,
) -> None:
    """Estimate shares of stances that the model's errors don't bias, from scores and a small labelled sample.

    Example: stance estimate scores.parquet --labels sample.csv --by country --out shares.csv
    """
    from pipeline.estimate import estimate as run
    from pipeline.report.terminal import shares_table

    shares_table(run(scores, labels, codebook, by, out, confidence))


@app.command()
def push(
    to: Annotated[str, typer.Argument(help="A new folder, or hub:OWNER/NAME.", show_default=False)],
    model: Annotated[Path, typer.Option(help="Folder of the trained model.")] = MODEL,
    exported: Annotated[Path, typer.Option(help="Folder of the exported model.")] = EXPORTED,
    data: Annotated[Path, typer.Option(help="Folder of the stages' results, for the model card.")] = Path("data"),
    codebook: CodebookOption = CODEBOOK,
    bases: Bases = BASES,
) -> None:
    """Write the model with its card for others, who need no package of ours to load it.

    Example: stance push my-stance-model
    """
    from pipeline.publish import publish

    typer.echo(publish(model, exported, data, codebook, bases, to))


@app.command()
def score(
    paths: Paths,
    out: Out,
    rejects: Rejects = None,
    strict: Strict = False,
    restart: Annotated[bool, typer.Option("--restart", help="Drop what an interrupted run has left.")] = False,
    model: Annotated[Path, typer.Option(help="Folder of the exported model.")] = EXPORTED,
    max_error: Annotated[
        float | None,
        typer.Option(min=0.001, max=1.0, help="Abstain where more wrong labels are to be feared."),
    ] = None,
    params: Config = PARAMS,
) -> None:
    """Score transcripts: a row a statement, with its stance and probabilities.

    Interrupted, it goes on from where it was when the same command is run again.

    Example: stance score record.pdf speeches/ --out scores.parquet
    """
    from pipeline.report.terminal import scoring_progress, stance_table
    from pipeline.scoring.run import score as run
    from pipeline.scoring.work import kept

    settings = _params(params)
    if max_error is not None:
        settings = settings.model_copy(update={"score": settings.score.model_copy(update={"max_error": max_error})})
    try:
        with scoring_progress() as tell:
            summary, tally, labels = run(
                paths, model, out, rejects, settings, strict=strict, restart=restart, tell=tell
            )
    except (StanceError, KeyboardInterrupt):
        left = kept(out)
        if left:
            typer.echo(f"stance: {left}", err=True)
        raise
    stance_table(tally, labels)
    typer.echo(f"{out}: {summary}")
    _tell_rejects(summary.rejects, rejects)


@app.command()
def verify(
    scores: Annotated[Path, typer.Argument(help="A table that score wrote.", show_default=False)],
    everything: Annotated[bool, typer.Option("--all", help="Every statement, and not a sample.")] = False,
    shards: Annotated[int, typer.Option(min=1, help="Shards to sample.")] = 2,
    model: Annotated[Path, typer.Option(help="Folder of the exported model.")] = EXPORTED,
    params: Config = PARAMS,
) -> None:
    """Score a sample of a finished table again and report what differs.

    Example: stance verify scores.parquet --all
    """
    from pipeline.scoring.verify import verify as run

    found = run(scores, model, everything=everything, shards=shards, seed=_params(params).runtime.seed)
    typer.echo(
        f"{scores}: {found.rows:,} statements scored again, {found.exact:,} the same in every digit, "
        f"{len(found.differing):,} differ; {len(found.inputs_changed):,} source file(s) changed since"
    )
    for name, problem in found.differing[:20]:
        typer.echo(f"differs {name}: {problem}", err=True)
    for path in found.inputs_changed[:20]:
        typer.echo(f"changed {path}", err=True)
    if found.differing:
        raise typer.Exit(DIFFERS)


@app.command()
def report(
    scores: Annotated[Path, typer.Argument(help="Scores, as score wrote them.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The page.")] = Path("report.html"),
    evaluation: Annotated[Path | None, typer.Option(help="Folder that evaluate wrote, if there is one.")] = EVALUATION,
    codebook: CodebookOption = CODEBOOK,
    undated: Annotated[bool, typer.Option("--undated", help="Leave out the day of scoring: same bytes.")] = False,
    params: Config = PARAMS,
) -> None:
    """Write scores as a page: who stands where, to the sentence.

    Example: stance report scores.parquet --out report.html
    """
    from pipeline.report.transcripts import report as run

    known = evaluation if evaluation and (evaluation != EVALUATION or evaluation.is_dir()) else None
    for page in run(scores, known, codebook, out, _params(params), dated=not undated):
        typer.echo(f"{page}")


@app.command()
def review(
    evaluation: Annotated[Path, typer.Option(help="Folder that evaluate wrote.")] = EVALUATION,
    examination: Annotated[Path, typer.Option(help="Folder that examine wrote, if there is one.")] = EXAMINATION,
    agreement: Annotated[Path, typer.Option(help="Agreement, as annotate wrote it, if there is one.")] = AGREEMENT,
    training: Annotated[Path, typer.Option(help="Folder of training's figures, if there is one.")] = TRAINING,
    seeds: Annotated[Path, typer.Option(help="What seeds wrote, if anything.")] = SEEDS,
    out: Annotated[Path, typer.Option(help="The page.")] = REVIEW_PAGE,
    plot: Annotated[Path | None, typer.Option(help="CSV of the behaviour tests, for dvc plots.")] = None,
    params: Config = PARAMS,
) -> None:
    """Write the held-out result as a page for a reviewer.

    Example: stance review --out evaluation.html
    """
    from pipeline.report.review import Sources
    from pipeline.report.review import review as run

    run(Sources(evaluation, examination, agreement, training, seeds), out, _params(params), plot)
    typer.echo(f"{out}")


@app.command()
def result(
    evaluation: Annotated[Path, typer.Option(help="Folder that evaluate wrote.")] = EVALUATION,
    page: Annotated[Path, typer.Option(help="The report of the transcripts.")] = REPORT_PAGE,
    review: Annotated[Path, typer.Option(help="The report of the evaluation.")] = REVIEW_PAGE,
    as_json: AsJson = False,
) -> None:
    """Print the last held-out result, and where the reports lie.

    Example: stance result
    """
    from pipeline.report.terminal import result_table
    from pipeline.tables import read_json

    found = read_json(evaluation / "evaluation.json")
    if as_json:
        _print_json({**found, "reports": {"transcripts": str(page), "evaluation": str(review)}})
    else:
        result_table(found)
        typer.echo(f"Who stands where: {page}\nThe evaluation: {review}")


@app.command()
def doctor(bases: Bases = BASES, params: Config = PARAMS, as_json: AsJson = False) -> None:
    """Say what of this machine and clone is as it should be.

    Example: stance doctor
    """
    from dataclasses import asdict

    from pipeline.doctor import examine_machine

    models = {"trained model": MODEL, "exported model": EXPORTED}
    found = []
    for check in examine_machine(Path(), params, bases, models):
        found.append(check)
        if not as_json:
            colour = {"ok": typer.colors.GREEN, "note": typer.colors.YELLOW, "wrong": typer.colors.RED}[check.state]
            typer.echo(f"{typer.style(f'{check.state:<6}', fg=colour)} {check.what}: {check.found}")
            if check.remedy:
                typer.echo(f"       -> {check.remedy}")
    if as_json:
        _print_json([asdict(check) for check in found])
    if any(check.state == "wrong" for check in found):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; failures that the user can mend become one message and an exit code."""
    try:
        app()
    except StanceError as error:
        typer.echo(f"stance: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("stance: interrupted; nothing half-written was kept", err=True)
        sys.exit(130)
