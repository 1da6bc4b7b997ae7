"""Models that TensorFlow.js makes, with its defaults, by the functions in tf.layers."""

_LSTM = ["lstm", {"units": 3, "inputShape": [5, 4]}]
MADE_IN_JS = {
    "dense": ([["dense", {"units": 3, "inputShape": [4]}]], (4,)),
    "lstm": ([_LSTM], (5, 4)),
    "lstm, dropout, dense, as the original": (
        [
            ["lstm", {"units": 4, "returnSequences": True, "inputShape": [5, 4]}],
            ["lstm", {"units": 3}],
            ["dense", {"units": 4, "activation": "softmax"}],
        ],
        (5, 4),
    ),
    "gru": ([["gru", {"units": 3, "inputShape": [5, 4]}]], (5, 4)),
    "simpleRNN": ([["simpleRNN", {"units": 3, "inputShape": [5, 4]}]], (5, 4)),
    "bidirectional": (
        [["bidirectional", {"layer": ["lstm", {"units": 3}], "inputShape": [5, 4]}]],
        (5, 4),
    ),
    "timeDistributed": (
        [["timeDistributed", {"layer": ["dense", {"units": 3}], "inputShape": [5, 4]}]],
        (5, 4),
    ),
    "convolutions": (
        [
            ["conv2d", {"filters": 2, "kernelSize": 3, "inputShape": [9, 8, 3]}],
            ["batchNormalization", {}],
            ["separableConv2d", {"filters": 3, "kernelSize": 2}],
            ["depthwiseConv2d", {"kernelSize": 2}],
            ["conv2dTranspose", {"filters": 2, "kernelSize": 2, "strides": 2}],
            ["upSampling2d", {}],
            ["zeroPadding2d", {}],
            ["maxPooling2d", {}],
            ["leakyReLU", {}],
            ["globalAveragePooling2d", {}],
        ],
        (9, 8, 3),
    ),
    "sequence": (
        [
            ["conv1d", {"filters": 3, "kernelSize": 2, "inputShape": [9, 4]}],
            ["averagePooling1d", {}],
            ["layerNormalization", {}],
            ["prelu", {}],
            ["softmax", {"axis": -1}],
            ["flatten", {}],
            ["repeatVector", {"n": 2}],
            ["reshape", {"targetShape": [-1]}],
            ["dropout", {"rate": 0.3}],
            ["activation", {"activation": "hardSigmoid"}],
            ["elu", {}],
            ["reLU", {"maxValue": 0.4}],
        ],
        (9, 4),
    ),
}
