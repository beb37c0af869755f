"""A camera to rehearse with: what a source shows, served over RTSP by GStreamer's own server.

Imports the ground floor and `sensors.sources`."""
