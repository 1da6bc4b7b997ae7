"""A text to learn, and flags of models that learn it in seconds."""

TEXT = "".join(
    f"{n} green bottles hanging on the wall, and if {n % 7} should fall, {n * n} are left.\n"
    for n in range(130)
)
SMALL = [
    "--sample_len=12",
    "--lstm_layer_size=16",
    "--examples_per_epoch=320",
    "--batch_size=32",
    "--display_length=30",
]
TWO_LAYERS = [*SMALL, "--lstm_layer_size=16,8"]
