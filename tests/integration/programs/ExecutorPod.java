import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.k8s.KubernetesConf;
import org.apache.spark.deploy.k8s.SparkPod;
import org.apache.spark.resource.ResourceProfile$;
import org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBuilder;
import scala.Option;

/**
 * Prints the pod that Spark's driver would ask Kubernetes for, as JSON: {@code ExecutorPod
 * SPARK_PROPERTIES TEMPLATE}. It asks no Kubernetes.
 */
public final class ExecutorPod {
  public static void main(String[] arguments) throws Exception {
    SparkConf conf = new SparkConf(false);
    Properties given = new Properties();
    try (Reader file = Files.newBufferedReader(Path.of(arguments[0]))) {
      given.load(file);
    }
    given.stringPropertyNames().forEach(name -> conf.set(name, given.getProperty(name)));
    conf.set("spark.kubernetes.executor.podTemplateFile", arguments[1]);
    conf.set("spark.driver.host", "flume-query-0.flume-query.default.svc");
    conf.set("spark.master", "k8s://https://kubernetes.default.svc");
    SecurityManager manager =
        new SecurityManager(conf, Option.empty(), SecurityManager.$lessinit$greater$default$3());
    manager.initializeAuth(); // the driver makes a secret
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      SparkPod made =
          new KubernetesExecutorBuilder()
              .buildFromFeatures(
                  KubernetesConf.createExecutorConf(conf, "1", "spark-1", Option.empty(), 0),
                  manager,
                  client,
                  ResourceProfile$.MODULE$.getOrCreateDefaultProfile(conf))
              .pod();
      Pod pod =
          new PodBuilder(made.pod())
              .editSpec()
              .addToContainers(made.container())
              .endSpec()
              .build();
      System.out.println(Serialization.asJson(pod));
    }
  }
}
