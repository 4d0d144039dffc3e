package io.pysparkflume.flume;

import io.pysparkflume.flume.CounterFamilies.Family;
import io.pysparkflume.flume.CounterFamilies.Sample;
import java.util.List;

/**
 * The two forms in which Prometheus reads metrics.
 *
 * @see <a href="https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md">
 *     OpenMetrics 1.0</a>
 */
enum MetricsText {
    OPENMETRICS("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    PROMETHEUS("text/plain; version=0.0.4; charset=utf-8");

    final String contentType;

    MetricsText(String contentType) {
        this.contentType = contentType;
    }

    /**
     * Returns the form that a request's header {@code Accept} asks for; null if it asks for none of
     * them, so that it gets Flume's JSON.
     */
    static MetricsText accepted(String accept) {
        if (accept.contains("application/openmetrics-text")) {
            return OPENMETRICS;
        }
        // Some clients for JSON take text as their second choice.
        return accept.contains("text/plain") && !accept.contains("json") ? PROMETHEUS : null;
    }

    String of(List<Family> families) {
        StringBuilder text = new StringBuilder();
        for (Family family : families) {
            String sampleName = family.name() + (family.isCounter() ? "_total" : "");
            String name = this == OPENMETRICS ? family.name() : sampleName;
            String counter = family.name().substring(CounterFamilies.PREFIX.length());
            text.append("# HELP ").append(name).append(" Flume's ").append(counter)
                    .append(" of a source, channel or sink.\n");
            text.append("# TYPE ").append(name)
                    .append(family.isCounter() ? " counter\n" : " gauge\n");
            for (Sample sample : family.samples()) {
                text.append(sampleName).append("{component=\"").append(escaped(sample.component()))
                        .append("\",type=\"").append(escaped(sample.type())).append("\"} ")
                        .append(sample.value()).append('\n');
            }
        }
        return this == OPENMETRICS ? text.append("# EOF\n").toString() : text.toString();
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
