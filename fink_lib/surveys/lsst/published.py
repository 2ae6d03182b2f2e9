"""Rubin's alert schemas as its observatory publishes them: 3.0 to 11.1."""

from fink_lib.surveys.published import Archive, PublishedSchemas

PUBLISHED = PublishedSchemas(
    Archive("lsst-alert-packet", "30.2026.2700", "53b6fb353566dc87e92c08a0620fa3489d8bcc6c07bc5f260ba88b9c52950ee7"),
    member="python/lsst/alert/packet/schema",
)
