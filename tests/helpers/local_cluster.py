"""A Dask cluster of processes, for tests: prints its scheduler's address, and goes when its standard input ends.

python tests/helpers/local_cluster.py N_WORKERS [PRELOAD]
"""

import sys

import distributed

if __name__ == "__main__":
    preload = sys.argv[2:]
    options = {"preload": preload} if preload else {}
    with distributed.LocalCluster(
        n_workers=int(sys.argv[1]),
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs=50,
        **options,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
