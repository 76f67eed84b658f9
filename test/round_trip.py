"""The lit suite's test format in round-trip mode. A module of its own, because lit's workers unpickle it."""

import lit.formats


class CallsAttuneOpt(lit.formats.ShTest):
    """The tests that call attune-opt."""

    def getTestsInDirectory(self, testSuite, path_in_suite, litConfig, localConfig):
        for test in super().getTestsInDirectory(testSuite, path_in_suite, litConfig, localConfig):
            with open(test.getSourcePath(), "rb") as file:
                if b"attune-opt" in file.read():
                    yield test
