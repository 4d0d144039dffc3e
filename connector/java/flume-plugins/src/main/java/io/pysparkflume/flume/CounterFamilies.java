package io.pysparkflume.flume;

import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.management.Attribute;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flume's counters as families of metrics: one family for each counter, one sample for each
 * component that has it.
 *
 * <p>The names are those of PrometheusHTTPMetricsServer, which Flume has after 1.11: the prefix
 * {@value #PREFIX}, then the counter's name, and the label {@code component}. What a component can
 * only increase is a counter; what it can set is a gauge; anything else is left out. The label
 * {@code type} is ours: a source and a channel may have the same name.
 */
final class CounterFamilies {
    static final String PREFIX = "Flume_";

    private static final Logger LOG = LoggerFactory.getLogger(CounterFamilies.class);
    private static final String DOMAINS = "org.apache.flume.*:*";
    private static final MBeanServer BEANS = ManagementFactory.getPlatformMBeanServer();

    /** The value of one component. {@code value} is a number in decimal digits. */
    record Sample(String component, String type, String value) {}

    /** One counter of all components that have it. */
    record Family(String name, boolean isCounter, List<Sample> samples) {}

    private final Map<String, Family> families = new TreeMap<>();

    private CounterFamilies() {}

    /** Returns the families in the order of their names. */
    static List<Family> read() {
        CounterFamilies found = new CounterFamilies();
        try {
            for (ObjectName bean : BEANS.queryNames(new ObjectName(DOMAINS), null)) {
                found.addComponent(bean);
            }
        } catch (JMException e) {
            throw new IllegalStateException("cannot list Flume's counters", e);
        }
        return List.copyOf(found.families.values());
    }

    private void addComponent(ObjectName bean) {
        try {
            String component = bean.getKeyProperty("type");
            Map<String, Boolean> kinds = kinds(BEANS.getObjectInstance(bean).getClassName());
            String[] names = kinds.keySet().toArray(String[]::new);
            String type = String.valueOf(BEANS.getAttribute(bean, "Type"));
            for (Attribute each : BEANS.getAttributes(bean, names).asList()) {
                String value = number(each.getValue());
                if (component != null && value != null) {
                    boolean isCounter = kinds.get(each.getName());
                    families.computeIfAbsent(
                                    PREFIX + each.getName(),
                                    name -> new Family(name, isCounter, new ArrayList<>()))
                            .samples().add(new Sample(component, type, value));
                }
            }
        } catch (JMException | ReflectiveOperationException e) {
            // A component that is just being stopped; the others have their samples.
            LOG.debug("No metrics of {}", bean, e);
        }
    }

    /** Returns what a class counts: true for a counter, false for a gauge. */
    private static Map<String, Boolean> kinds(String className) throws ClassNotFoundException {
        Map<String, Boolean> kinds = new TreeMap<>();
        for (Method method : Class.forName(className).getMethods()) {
            String name = method.getName();
            if (name.startsWith("increment")) {
                kinds.putIfAbsent(name.substring("increment".length()), true);
            } else if (name.startsWith("addTo")) {
                kinds.putIfAbsent(name.substring("addTo".length()), true);
            } else if (name.startsWith("set")) {
                kinds.put(name.substring("set".length()), false);
            }
        }
        return kinds;
    }

    /** Returns a value as Prometheus writes it; null for what is not a number. */
    private static String number(Object value) {
        if (value instanceof Boolean truth) {
            return truth ? "1" : "0";
        }
        return value instanceof Number ? value.toString() : null;
    }
}
