"""The lessons: a catalogue, how one is run, and the answer that it must find."""
