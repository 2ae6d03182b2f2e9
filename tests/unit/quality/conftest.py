from tests.builders.night_lake import context, good_lake, good_night, plant

__all__ = ["context", "good_lake", "good_night", "plant"]
