"""What the tests of the fault table share: processes that die at a named point, mended after."""
