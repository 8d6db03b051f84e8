import ArgumentParser
import Yams
import ServiceLifecycle
@main struct H: ParsableCommand {}
