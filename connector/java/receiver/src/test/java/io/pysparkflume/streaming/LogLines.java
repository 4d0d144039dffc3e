package io.pysparkflume.streaming;

import java.io.StringWriter;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.apache.logging.log4j.core.layout.PatternLayout;

/** What a class logs, for tests. */
final class LogLines implements AutoCloseable {
    private final StringWriter lines = new StringWriter();
    private final Logger logger;
    private final Level before;
    private final WriterAppender appender;

    LogLines(Class<?> logging) {
        logger = (Logger) LogManager.getLogger(logging);
        before = logger.getLevel();
        appender = WriterAppender.newBuilder().setName("test").setTarget(lines)
                .setLayout(PatternLayout.newBuilder().withPattern("%p %m%n").build()).build();
        appender.start();
        logger.addAppender(appender);
        logger.setLevel(Level.WARN);
    }

    @Override
    public void close() {
        logger.removeAppender(appender);
        logger.setLevel(before);
    }

    @Override
    public String toString() {
        return lines.toString();
    }
}
