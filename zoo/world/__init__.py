"""Draws the project's own training world with Blender: streets, landscapes and panoramas with exact labels.

    python -m zoo.world street --seeds 0:20 --size 256x512 --out DIR

It is an extra with its own requirements (`requirements.txt` beside this file, Python 3.11): nothing else of the program
imports it, and bpy is under the GPL. Of a frame it writes the picture, the class of every pixel, the instance of every
pixel, the depth, and notes (see `frames`).

A frame is a function of its seed. First a plan is drawn (kind, light, season, ...), then everything that stands in it,
all from one random generator: one more draw changes what is drawn after it. Streets are laid out straight along +x
from the camera and bent at last (`bend`); landscapes are built around the camera's foot, which is the origin. Lengths
are metres and z is up. Cars, people and furniture are modelled along +x with the origin on the ground. Azimuths turn
from +y towards +x.

Labels come from Blender's index passes, which know no noise: the class of the object, or what the material forces (a
sign on its pole). The ground of landscapes is labelled by what the shader drew there, and cloud only where it differs
from the clear sky behind it; the edges of both are averages over the samples, so labels of streets are the same at any
number of samples, those of landscapes at the same number. A majority filter then removes specks, but no thin things.
Glass counts as what it is part of: a car's windows are car. The picture is tone-mapped afterwards (`grade`).

Frames that are dark, dull or blocked (`quality`) are taken again: streets with another camera in the same scene (up to
three), landscapes from another place (up to two). The notes list the reasons, and `good` tells how it ended. As the
picture decides, a frame near such a limit may have other labels at another number of samples.

Known to be imperfect: faces have no features and clothes no folds; leaves nearer than 8 m are flat diamonds; letters
are bars and shop goods coloured cells; with few samples the denoiser smears windows. Streets cross at right angles,
and the view is nearly always along +x. Bins and benches are void. In landscapes lakes never freeze and coasts have no
surf; "mountain" is what is rock or higher than 25 m above the eye beyond 900 m, so far green hills are, too; near a low
sun cloud and sky can flip. The denoiser does not look across the edge of a panorama, which few samples show.
Depth is along the camera's axis in streets and landscapes, along the ray in panoramas.
"""
