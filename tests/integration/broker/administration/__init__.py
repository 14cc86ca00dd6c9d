"""Administration of the broker against real servers: measuring, looking, and changing by hand."""
