"""The drawing machine: Panda3D without a display, one scene in colour and the same scene as flat numbers."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sensors.errors import GilmokError
from sensors.world.camera import FAR_M, NEAR_M, Camera, View
from sensors.world.mesh import Mesh
from sensors.world.textures import Picture

RendererName = Literal["p3tinydisplay", "p3headlessgl"]
PIPES = {"p3tinydisplay": "TinyOffscreenGraphicsPipe", "p3headlessgl": "eglGraphicsPipe"}


class RendererAbsent(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"the renderer '{name}' can't start here",
            hint="pip install 'gilmok[world]'; p3headlessgl also needs Debian's libegl1 and libgl1-mesa-dri",
        )


class Stage:
    """Two scene graphs and a buffer each, `supersample` times as large as the picture: colours and numbers.

    Nothing but geometry may reach the numbers: no light, texture, fog, blending or multisampling, and black behind.
    """

    def __init__(self, width: int, height: int, supersample: int, renderer: RendererName = "p3tinydisplay") -> None:
        from panda3d import core

        self._core = core
        core.load_prc_file_data(
            "",
            f"load-display {renderer}\naudio-library-name null\nnotify-level error\nwindow-type offscreen\n"
            "textures-power-2 down\ntexture-anisotropic-degree 8\nframebuffer-multisample 0\n",
        )
        self._engine = core.GraphicsEngine()
        selection = core.GraphicsPipeSelection.get_global_ptr()
        pipe = selection.make_pipe(PIPES[renderer], renderer)
        if pipe is None:
            raise RendererAbsent(renderer)
        self._pipe = pipe
        self.size = (width, height)
        self._hung = 0
        self._colour = _Eye(
            core, self._engine, pipe, width * supersample, height * supersample, 1 if renderer == "p3headlessgl" else 0
        )
        self._number = _Eye(core, self._engine, pipe, width * supersample, height * supersample, 0)
        if self._colour.buffer is None or self._number.buffer is None:
            raise RendererAbsent(renderer)
        self.colour_root, self.number_root = self._colour.root, self._number.root

    def light(
        self, ambient: tuple[float, float, float], sun: tuple[float, float, float], towards: tuple[float, float, float]
    ) -> None:
        """Colours are RGB factors; `towards` points from the sun to the ground."""
        core = self._core
        self.colour_root.clear_light()
        soft = core.AmbientLight("ambient")
        soft.set_color((*ambient, 1))
        hard = core.DirectionalLight("sun")
        hard.set_color((*sun, 1))
        hard.set_direction(core.LVector3(*towards))
        for lamp in (soft, hard):
            self.colour_root.set_light(self.colour_root.attach_new_node(lamp))

    def node(self, mesh: Mesh) -> Any:
        """The mesh as a node that may hang in both scenes."""
        core = self._core
        count = len(mesh.corners)
        table = np.zeros(count, dtype=[("v", "<f4", 3), ("n", "<f4", 3), ("c", "u1", 4)])
        table["v"], table["n"] = mesh.corners, mesh.normals
        table["c"][:, :3] = np.clip(mesh.colours * 255, 0, 255).astype(np.uint8)
        table["c"][:, 3] = 255
        return self._geometry(core.GeomVertexFormat.get_v3n3c4(), table, count)

    def card(self, corners: NDArray[np.float32], normal: tuple[float, float, float], uv: NDArray[np.float32]) -> Any:
        """A white rectangle of 4 corners, anticlockwise from its front, for a texture; uv is (4, 2)."""
        core = self._core
        order = np.array([0, 1, 2, 0, 2, 3])
        table = np.zeros(6, dtype=[("v", "<f4", 3), ("n", "<f4", 3), ("c", "u1", 4), ("t", "<f4", 2)])
        table["v"], table["n"], table["c"], table["t"] = corners[order], normal, 255, uv[order]
        return self._geometry(core.GeomVertexFormat.get_v3n3c4t2(), table, 6)

    def texture(self, picture: Picture, repeat: bool) -> Any:
        """Sides must be powers of two."""
        core = self._core
        texture = core.Texture()
        height, width = picture.shape[:2]
        texture.setup_2d_texture(width, height, core.Texture.T_unsigned_byte, core.Texture.F_rgb)
        texture.set_ram_image(np.ascontiguousarray(picture[::-1]).tobytes())
        texture.set_minfilter(core.SamplerState.FT_linear_mipmap_linear)
        texture.set_magfilter(core.SamplerState.FT_linear)
        wrap = core.SamplerState.WM_repeat if repeat else core.SamplerState.WM_clamp
        texture.set_wrap_u(wrap)
        texture.set_wrap_v(wrap)
        return texture

    def _geometry(self, layout: Any, table: NDArray[Any], count: int) -> Any:
        core = self._core
        vertices = core.GeomVertexData("shape", layout, core.Geom.UH_static)
        vertices.unclean_set_num_rows(count)
        vertices.modify_array_handle(0).copy_data_from(table.tobytes())
        triangles = core.GeomTriangles(core.Geom.UH_static)
        triangles.add_next_vertices(count)
        geometry = core.Geom(vertices)
        geometry.add_primitive(triangles)
        node = core.GeomNode("shape")
        node.add_geom(geometry)
        return node

    def hang(self, root: Any, node: Any, order: int | None = None) -> Any:
        """A place of its own for a node that may hang in both scenes: what is set on it stays in one.

        Nodes are drawn by rising `order`; without one in the order in which they were hung.
        """
        path = root.attach_new_node("place")
        path.attach_new_node(node)
        # Left alone, Panda3D sorts by the addresses of states, and which of two equally deep pixels wins would differ.
        self._hung += 1
        path.set_bin("fixed", self._hung if order is None else order)
        return path

    def number(self, path: Any, number: int) -> None:
        """Draw a node of the number scene as this number, 1..262143."""
        # Six bits a channel, in the middle of their four levels: the software renderer is off by one now and then.
        red, green, blue = (((number >> shift) % 64 * 4 + 2) / 255 for shift in (0, 6, 12))
        path.set_color(red, green, blue, 1)

    def shoot(
        self, camera: Camera, view: View, behind: tuple[float, float, float]
    ) -> tuple[Picture, NDArray[np.int32]]:
        """Colours (BGR) and numbers, both supersampled; `behind` is the BGR background, 0..255."""
        blue, green, red = behind
        self._colour.buffer.set_clear_color((red / 255, green / 255, blue / 255, 1))
        for eye in (self._colour, self._number):
            eye.aim(camera, view)
        self._engine.render_frame()
        flat = self._number.picture().astype(np.int32) >> 2
        numbers = flat[..., 2] + (flat[..., 1] << 6) + (flat[..., 0] << 12)
        return self._colour.picture(), numbers

    def close(self) -> None:
        self._engine.remove_all_windows()


class _Eye:
    """One buffer with its camera and its scene."""

    def __init__(self, core: Any, engine: Any, pipe: Any, width: int, height: int, samples: int) -> None:
        self._core = core
        self.root = core.NodePath("scene")
        # Both sides are drawn: a stock model's winding is not to be trusted.
        self.root.set_two_sided(True)
        wanted = core.FrameBufferProperties()
        wanted.set_rgba_bits(8, 8, 8, 0)
        wanted.set_depth_bits(24)
        wanted.set_multisamples(4 if samples else 0)
        size = core.WindowProperties.size(width, height)
        self.buffer = engine.make_output(pipe, "eye", 0, wanted, size, core.GraphicsPipe.BF_refuse_window)
        if self.buffer is None:
            return
        self._texture = core.Texture()
        self.buffer.add_render_texture(self._texture, core.GraphicsOutput.RTM_copy_ram)
        self.buffer.set_clear_color((0, 0, 0, 1))
        self._lens = core.PerspectiveLens()
        self._node = core.Camera("camera", self._lens)
        self._path = self.root.attach_new_node(self._node)
        self.buffer.make_display_region().set_camera(self._path)
        self._size = (width, height)

    def aim(self, camera: Camera, view: View) -> None:
        self._lens.set_film_size(camera.width, camera.height)
        self._lens.set_focal_length(camera.focal_px)
        self._lens.set_near_far(NEAR_M, FAR_M)
        self._path.set_pos(view.x, view.y, view.z)
        self._path.set_hpr(np.degrees(view.yaw), np.degrees(view.pitch), 0)

    def picture(self) -> Picture:
        width, height = self._size
        raw = np.frombuffer(self._texture.get_ram_image(), np.uint8).reshape(height, width, -1)
        return raw[::-1, :, :3]
