"""What does here what the flags of the official `tensorflowjs_converter` do there."""

ANSWERS = {
    "input_format": "leave it out, because the format is recognized",
    "output_format": "use --format=layers_model, graph_model or keras",
    "signature_name": "use --signature=NAME",
    "saved_model_tags": "leave it out, because the tag serve is taken",
    "quantize_float16": "use --quantize=float16, or --quantize=float16:GLOB",
    "quantize_uint8": "use --quantize=uint8, or --quantize=uint8:GLOB",
    "quantize_uint16": "use --quantize=uint16, or --quantize=uint16:GLOB",
    "quantization_bytes": "use --quantize=uint8 for 1 byte, --quantize=uint16 for 2",
    "weight_shard_size_bytes": "leave it out, because files of weights have at most 4 MB",
    "split_weights_by_layer": "leave it out, because all weights are in one group",
    "output_node_names": "convert a SavedModel, whose signature names the outputs",
    "control_flow_v2": "leave it out, because loops are always written as such",
    "strip_debug_ops": "leave it out, because what the outputs do not need is always removed",
    "skip_op_check": "leave it out, because an operation that TensorFlow.js lacks cannot run",
    "use_structured_outputs_names": "leave it out, because outputs always have their names",
    "experiments": "leave it out",
    "version": "ask pip: pip show keras-tfjs",
}


def answer(flag: str) -> str | None:
    """Return what to do instead of giving a flag, or None if the converter has no such flag."""
    return ANSWERS.get(flag) and f"--{flag} is of tensorflowjs_converter: {ANSWERS[flag]}"
