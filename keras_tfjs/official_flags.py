"""Advice for users who give a flag of the official `tensorflowjs_converter`."""

ANSWERS = {
    "input_format": "leave it out, because the format is recognized",
    "output_format": "use --format=layers_model, graph_model or keras",
    "signature_name": "use --signature=NAME",
    "saved_model_tags": "leave it out, because the tag is always serve",
    "quantize_float16": "use --quantize=float16, or --quantize=float16:GLOB",
    "quantize_uint8": "use --quantize=uint8, or --quantize=uint8:GLOB",
    "quantize_uint16": "use --quantize=uint16, or --quantize=uint16:GLOB",
    "quantization_bytes": "use --quantize=uint8 for 1 byte, --quantize=uint16 for 2",
    "weight_shard_size_bytes": "leave it out, because weight files have at most 4 MB",
    "split_weights_by_layer": "leave it out, because there is always one group of weights",
    "output_node_names": "convert a SavedModel, whose signature names the outputs",
    "control_flow_v2": "leave it out, because control flow v2 is always on",
    "strip_debug_ops": "leave it out, because debug operations are always removed",
    "skip_op_check": "leave it out, because an operation that TensorFlow.js lacks cannot run",
    "use_structured_outputs_names": "leave it out, because the names are always kept",
    "experiments": "leave it out",
    "version": "run pip show keras-tfjs (in this repository: tfjs-generative-examples-keras)",
}


def answer(flag: str) -> str | None:
    """Return what to do instead of giving a flag; None if the converter lacks the flag."""
    return ANSWERS.get(flag) and f"--{flag} is a flag of tensorflowjs_converter: {ANSWERS[flag]}"
