import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.interceptor.Interceptor;

/** An interceptor as a course would have it: it drops the events whose body is the word DROP. */
public class Drops implements Interceptor {
    public void initialize() {}

    public Event intercept(Event event) {
        return new String(event.getBody(), StandardCharsets.UTF_8).equals("DROP") ? null : event;
    }

    public List<Event> intercept(List<Event> events) {
        return events.stream().filter(event -> intercept(event) != null).toList();
    }

    public void close() {}

    public static class Builder implements Interceptor.Builder {
        public Interceptor build() {
            return new Drops();
        }

        public void configure(Context context) {}
    }
}
