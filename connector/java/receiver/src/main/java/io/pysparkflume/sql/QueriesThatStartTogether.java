package io.pysparkflume.sql;

import java.util.Map;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.SparkSessionExtensionsProvider;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.streaming.StreamingRelationV2;
import org.apache.spark.sql.execution.datasources.v2.python.PythonDataSourceV2;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * Lets several queries that read from a Python data source start at the same time.
 *
 * <p>All queries of a Python data source share one map of environment variables. Each query, when
 * it starts, puts four variables into it, in a thread of its own and without a lock (Spark 4.0 to
 * 4.3, PythonStreamingSourceRunner). Two queries that do so at once can break the map. Then every
 * query fails from then on: "Task not serializable … Illegal size 5 of collection, expected 6".
 *
 * <p>So the variables are put before any query starts, when Spark checks the query's plan. A query
 * then only replaces values, which leaves the map's structure as it is.
 *
 * <p>Spark finds this class by META-INF/services.
 */
public final class QueriesThatStartTogether
        extends AbstractFunction1<SparkSessionExtensions, BoxedUnit>
        implements SparkSessionExtensionsProvider {
    private static final Logger LOG = LoggerFactory.getLogger(QueriesThatStartTogether.class);

    /** Spark puts its own values, too, each time before it starts a Python worker. */
    private static final Map<String, String> VARIABLES =
            Map.of(
                    "SPARK_LOCAL_DIRS", "",
                    "SPARK_AUTH_SOCKET_TIMEOUT", "",
                    "SPARK_BUFFER_SIZE", "",
                    "SPARK_PYTHON_RUNTIME", "PYTHON_WORKER");

    @Override
    public BoxedUnit apply(SparkSessionExtensions extensions) {
        extensions.injectCheckRule(session -> QueriesThatStartTogether::check);
        return BoxedUnit.UNIT;
    }

    private static BoxedUnit check(LogicalPlan plan) {
        try {
            for (LogicalPlan leaf : CollectionConverters.asJava(plan.collectLeaves())) {
                if (leaf instanceof StreamingRelationV2 relation) {
                    prepare(relation);
                }
            }
        } catch (LinkageError error) {
            LOG.warn(
                    "this Spark has no {}; start the queries of a Python data source one by one",
                    error.getMessage());
        }
        return BoxedUnit.UNIT;
    }

    private static void prepare(StreamingRelationV2 relation) {
        Object source = relation.source().getOrElse(() -> null);
        if (source instanceof FlumeSource flume) {
            source = flume.python();
        }
        if (source instanceof PythonDataSourceV2 python) {
            complete(python.source().dataSourceCls().envVars());
        }
    }

    private static synchronized void complete(Map<String, String> variables) {
        VARIABLES.forEach(variables::putIfAbsent);
    }
}
