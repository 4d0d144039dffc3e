"""For all tests."""

import hypothesis

# On a busy machine how long an example takes says nothing.
hypothesis.settings.register_profile("lab", deadline=None)
hypothesis.settings.load_profile("lab")
