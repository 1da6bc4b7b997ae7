"""Models that TensorFlow.js creates with the functions in tf.layers and their defaults."""

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
    "volumes": (
        [
            ["conv3d", {"filters": 2, "kernelSize": 2, "inputShape": [7, 8, 6, 3]}],
            ["maxPooling3d", {}],
            ["conv3dTranspose", {"filters": 3, "kernelSize": 2, "strides": 2}],
            ["averagePooling3d", {}],
        ],
        (7, 8, 6, 3),
    ),
    "convLstm2d": (
        [["convLstm2d", {"filters": 2, "kernelSize": 2, "inputShape": [4, 6, 5, 3]}]],
        (4, 6, 5, 3),
    ),
    "noise": (
        [
            ["masking", {"inputShape": [5, 4]}],
            ["gaussianNoise", {"stddev": 0.1}],
            ["gaussianDropout", {"rate": 0.1}],
            ["spatialDropout1d", {"rate": 0.1}],
            ["permute", {"dims": [2, 1]}],
            ["rescaling", {"scale": 2, "offset": 1}],
        ],
        (5, 4),
    ),
    "cropping2D": (
        [["cropping2D", {"cropping": [[1, 0], [2, 1]], "inputShape": [7, 6, 3]}]],
        (7, 6, 3),
    ),
}
