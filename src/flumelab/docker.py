class DockerRuntime:
    name="docker"
    def __init__(self, s): pass
    def services(self): return []
