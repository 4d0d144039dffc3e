package io.pysparkflume.streaming;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.spark.SparkConf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlumeStreamsTest {
    @ParameterizedTest
    @CsvSource({
        "30s, 30",
        "2min, 120",
        "10ms, 1",
        "0s, 1",
        "2147483s, 2147483",
        "2147484s, 2147483", // more ms than an int holds
        "2147483648s, 2147483", // negative as an int
        "4294967296s, 2147483"}) // 0 as an int
    void aStallTimeoutIsAtLeastOneSecondAndAsLongAsASocketCanWait(String set, int seconds) {
        SparkConf conf = new SparkConf(false).set("spark.flume.stallTimeout", set);

        assertEquals(seconds, FlumeStreams.stallSecondsMax(conf));
    }
}
