"""Seeds, threads and deterministic algorithms, set in one place before anything is computed."""

from pipeline.params import Runtime


def fix(runtime: Runtime) -> None:
    """Make what follows in this process depend on its inputs alone.

    Weights are byte-identical between processes at one thread count and differ between thread counts, so
    the count is a parameter and not the machine's. Call it before a model's head is made.
    """
    import torch
    from transformers import set_seed
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # a report on weights that we leave out
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(runtime.threads)
    torch.use_deterministic_algorithms(True)
    set_seed(runtime.seed)
