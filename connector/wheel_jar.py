"""Put the receiver's jar into the wheel, where PySpark looks for jars.

Maven builds the jar: ``mvn -f connector/java/pom.xml -pl receiver package``.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

JAR = Path("java/receiver/target/pyspark-flume-receiver.jar")


class ReceiverJarHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the jar. A wheel needs it; a checkout may be installed before it is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a build. `version` is "editable" for a checkout."""
        if Path(self.root, JAR).exists():
            build_data["force_include"][str(JAR)] = f"pyspark/jars/{JAR.name}"
        elif version != "editable":
            raise FileNotFoundError(
                f"{JAR} is missing: mvn -f connector/java/pom.xml -pl receiver package"
            )
