package io.pysparkflume.flume;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.flume.Context;
import org.apache.flume.FlumeException;

/**
 * The logs of one folder whose names match a regular expression.
 *
 * @param name the group's name in the conf
 * @param headers headers that each of its events gets
 */
record LogGroup(String name, Path folder, Pattern names, Map<String, String> headers) {
    /** Reads the groups of a conf, as TAILDIR does. */
    static List<LogGroup> of(Context context, String source) {
        String list = context.getString("filegroups", "").trim();
        if (list.isEmpty()) {
            throw new FlumeException(
                    source + ": filegroups is missing; name one group or more, such as filegroups ="
                            + " log, and set filegroups.log to FOLDER/REGULAR-EXPRESSION");
        }
        List<LogGroup> groups = new ArrayList<>();
        for (String name : list.split("\\s+")) {
            groups.add(of(context, source, name));
        }
        return groups;
    }

    private static LogGroup of(Context context, String source, String name) {
        String key = "filegroups." + name;
        String text = context.getString(key, "").trim();
        int slash = text.lastIndexOf('/');
        if (slash < 0 || slash == text.length() - 1) {
            throw new FlumeException(String.format(
                    "%s: %s is '%s'; set it to FOLDER/REGULAR-EXPRESSION, such as"
                            + " /var/log/web/access[.]log.*",
                    source, key, text));
        }
        try {
            Pattern names = Pattern.compile(text.substring(slash + 1));
            Path folder = Path.of(text.substring(0, slash + 1)).toAbsolutePath().normalize();
            Map<String, String> headers = context.getSubProperties("headers." + name + ".");
            return new LogGroup(name, folder, names, headers);
        } catch (PatternSyntaxException e) {
            throw new FlumeException(
                    source + ": " + key + " = " + text + ": " + e.getDescription()
                            + "; write a regular expression of Java, not a pattern of the shell",
                    e);
        }
    }

    boolean matches(Path file) {
        return names.matcher(file.getFileName().toString()).matches();
    }
}
