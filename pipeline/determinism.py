"""Seeds, threads and deterministic algorithms, set in one place before anything is computed."""

from pipeline.params import Runtime


def fix(runtime: Runtime) -> None:
    """Make what follows in this process depend on its inputs alone.

    Weights are byte-identical between processes at one thread count and differ between thread counts, so
    the count is a parameter and not the machine's. Call it before a model's head is made.
    """
    import torch
    from transformers import set_seed

    torch.set_num_threads(runtime.threads)
    torch.use_deterministic_algorithms(True)
    set_seed(runtime.seed)
