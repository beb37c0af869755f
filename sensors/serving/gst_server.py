"""The RTSP server, in the machine's own Python (GStreamer's bindings are Debian's, and of no other interpreter).

    /usr/bin/python3 gst_server.py HOST PORT NAME WIDTH HEIGHT FPS     pictures in BGR on standard input

It says the port that it listens at, and ends with its input. Imports nothing of gilmok.
"""

import signal
import sys
import threading

LAUNCH = (
    "( appsrc name=pictures is-live=true do-timestamp=true format=time block=false max-bytes={most} "
    "caps=video/x-raw,format=BGR,width={width},height={height},framerate={fps}/1 "
    "! videoconvert ! video/x-raw,format=I420 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={key} bitrate=4000 "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
WAITING = 4
"""Pictures that wait for the encoder, at most."""


def main(host: str, port: str, name: str, width: int, height: int, fps: int) -> None:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    # Ctrl-C reaches the whole group; it ends with its input, when whoever feeds it says so.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)
    Gst.init(None)
    picture_bytes = width * height * 3
    viewed = []
    server = GstRtspServer.RTSPServer.new()
    server.set_address(host)
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    # A key frame a second: whoever comes waits no longer for the first picture.
    launch = LAUNCH.format(width=width, height=height, fps=fps, key=max(fps, 1), most=WAITING * picture_bytes)
    factory.set_launch(launch)
    factory.set_shared(True)
    factory.set_latency(0)
    factory.connect("media-configure", lambda _, media: viewed.append(media))
    server.get_mount_points().add_factory(f"/{name}", factory)
    if not server.attach(None):
        sys.exit(f"nobody can listen at port {port} of {host}")
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop = GLib.MainLoop()

    def feed() -> None:
        while len(picture := sys.stdin.buffer.read(picture_bytes)) == picture_bytes:
            for media in viewed[-1:]:
                pictures = media.get_element().get_child_by_name("pictures")
                pictures.emit("push-buffer", Gst.Buffer.new_wrapped(picture))
        loop.quit()

    threading.Thread(target=feed, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
