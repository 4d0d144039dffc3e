package io.pysparkflume.streaming;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ProgramCheckTest {
    private static final String SUBMIT = "org.apache.spark.deploy.SparkSubmit --name x program.py";
    private static final String PYTHON =
            "org.apache.spark.deploy.SparkSubmit --conf spark.master=local[2] pyspark-shell";
    private static final String PROGRAMS =
            "the program itself sets the master local[2], so change it there to local[3]";

    @Test
    void aMasterOfTheCommandLineIsChangedThere() {
        assertEquals("--master local[3]", remedy("local[2]", SUBMIT));
        assertEquals("--master local[3]", remedy("local[2]",
                "org.apache.spark.deploy.SparkSubmit --master local[2] pyspark-shell"));
    }

    @Test
    void aMasterThatTheProgramSetsIsChangedInTheProgram() {
        assertEquals(PROGRAMS, remedy("local[*]", SUBMIT));
        assertEquals(PROGRAMS, remedy("local[2]", PYTHON));
    }

    @Test
    void aJavaProgramWithoutSparkSubmitIsToldTheMaster() {
        assertEquals("--master local[3]", remedy(null, "com.example.Main"));
    }

    private static String remedy(String submitted, String command) {
        return ProgramCheck.localRemedy("local[2]", 3, submitted, command);
    }
}
