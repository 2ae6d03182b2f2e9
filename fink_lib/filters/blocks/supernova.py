"""ZTF: what SuperNNova and the early-supernova forest say."""

from fink_lib.filters.conditions import above, any_of

SUPERNOVA = any_of(
    "snn_snia_vs_nonia > 0.5 or snn_sn_vs_all > 0.5",
    above("snn_snia_vs_nonia", 0.5),
    above("snn_sn_vs_all", 0.5),
)
EARLY_TYPE_IA = above("rf_snia_vs_nonia", 0.5)
