"""`flumelab page`: which lab it shows, and on which port."""

import os

from flumelab import as_typed, lab_signs, settings
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.runtimes.port_probe import answers
from flumelab.runtimes.runtime import Report
from flumelab.settings import LOOPBACK

HOSTS = ("localhost", LOOPBACK, "[::1]")


def run(
    runtime: RuntimeName, control: bool, port: int | None, browser: bool, report: Report
) -> None:
    """Serve the page until Ctrl-C; raises `LabError` if it cannot be served."""
    from flumelab.page.actions import LabControl  # only the page needs the web server's packages
    from flumelab.page.control import Control
    from flumelab.page.host_signs import HostSigns
    from flumelab.page.remote import RemoteSampler
    from flumelab.page.sampler import Sampler
    from flumelab.page.serve import SamplerOf, serve

    configured = settings.load()
    lab = choose(runtime, configured)
    chosen = lab.name
    allowed = LabControl(chosen) if control else Control()
    sampler: SamplerOf
    if chosen == "docker":
        shown = f"http://{LOOPBACK}:{configured.page_port}/"
        if not control:
            report(f"the page is at {shown}; the lab's containers serve it")
            if browser:
                _open(shown)
            return
        if not answers(configured.page_port):
            command = as_typed.flumelab()
            report(
                f"no container serves the page yet; it shows the lab once {command} up starts it"
            )
        signs = HostSigns(lambda: lab_signs.of(lab))
        at_page = (LOOPBACK, configured.page_port)
        sampler = lambda tell: RemoteSampler(at_page, lambda state: tell(signs.add(state)))  # noqa: E731
        port = port or configured.page_port + 1
    else:
        from flumelab.page.place import LocalPlaces

        find = LocalPlaces(configured).find
        sampler = lambda tell: Sampler(find, tell)  # noqa: E731
    # In a container, whose port is published on loopback, it listens on all addresses.
    at = (os.environ.get("LAB_PAGE_HOST", LOOPBACK), port or configured.page_port)

    def serving(url: str) -> None:
        report(f"the page is at {url} (Ctrl-C ends it)")
        if browser:
            _open(url)

    serve(sampler, at, allowed, HOSTS, serving)


def hint(runtime: str) -> tuple[str, str]:
    """Return where the page is, or how it is opened, and what it shows."""
    if runtime == "docker":
        place = f"http://{LOOPBACK}:{settings.load().page_port}/"
    else:
        place = f"{as_typed.flumelab()} page --open"
    return place, "every hop, live in your browser"


def _open(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
