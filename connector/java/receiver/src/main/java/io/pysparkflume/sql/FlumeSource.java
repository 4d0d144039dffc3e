package io.pysparkflume.sql;

import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.execution.datasources.v2.python.PythonDataSourceV2;
import org.apache.spark.sql.execution.datasources.v2.python.PythonTable;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * {@code format("flume")}: Python plans, and the JVM reads.
 *
 * <p>The options, the offsets and the receiver of a query are Python's ({@code
 * pyspark_flume.datasource}), by way of Spark's own classes for Python data sources. Only the tasks
 * are different: {@link EventReader} reads the landing log where the query's own code runs, so that
 * no event passes through a Python worker.
 *
 * <p>Spark finds this class by META-INF/services, and prefers it to the Python source of the same
 * name. Where the driver does not have this jar, Python also reads.
 */
public final class FlumeSource implements TableProvider, DataSourceRegister {
    /** Made when it is used: Spark makes a FlumeSource whenever it looks for any source. */
    private PythonDataSourceV2 python;

    @Override
    public String shortName() {
        return "flume";
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return python().inferSchema(options);
    }

    @Override
    public Table getTable(
            StructType schema, Transform[] partitioning, Map<String, String> properties) {
        ExecutorJar.add();
        return new FlumeTable(
                (PythonTable) python().getTable(schema, partitioning, properties), schema);
    }

    @Override
    public boolean supportsExternalMetadata() {
        return true;
    }

    PythonDataSourceV2 python() {
        if (python == null) {
            python = new PythonDataSourceV2();
            python.setShortName(shortName());
        }
        return python;
    }
}
