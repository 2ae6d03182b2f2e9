"""Phase curves of moving objects: how their brightness follows the angle between Sun, object and observer."""
